-- syncwell jobs: what waits, runs or was given up; trying again what was given up, or forgetting it.
--   syncwell jobs   |   syncwell jobs retry   |   syncwell jobs retry 412   |   syncwell jobs forget 412
local commands = require("commands")
local home = require("home")
local term = require("term")

local json = sw.json

local command = {
  group = "run", summary = "what waits, runs or was given up: list, retry, forget",
  usage = "[list | retry [ID] | forget [ID]]",
  example = "syncwell jobs\nsyncwell jobs retry\nsyncwell jobs forget 412",
  doc = "`retry` tries again what was given up, `forget` drops it; without an ID all of it. What was\n"
    .. "given up is kept as long as other history (`retention.run_days` of config.lua).",
  options = {},
}

function command.mutates(words)
  return words[1] == "retry" or words[1] == "forget"
end

local function iso(ctx, ms)
  return sw.time.iso(ms // 1000 * 1000, home.offset(ctx, ms))
end

local verbs = {}

function verbs.list(ctx)
  local rows, list = {}, json.list()
  for i, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    local at, why = iso(ctx, job.due), job.failure ~= "" and job.failure or nil
    list[i] = { id = job.id, kind = job.kind, name = job.name, state = job.state, due = at,
      tries = job.attempts, why = why }
    rows[i] = { tostring(job.id), job.kind, sw.sys.clean(job.name), job.state:gsub("_", " "), at,
      tostring(job.attempts), sw.sys.clean(why or "") }
  end
  if ctx.json then
    term.line("%s", json.encode(list))
  elseif #rows == 0 then
    term.line("nothing waits and nothing was given up")
  else
    term.table({ "id", "job", "of", "state", "due", "tries", "why" }, rows)
  end
  return 0
end

-- The numbers of those that were given up, or of the one that is meant.
local function meant(ctx, id)
  local list = {}
  for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    if job.state == "given_up" and (not id or tostring(job.id) == id) then
      list[#list + 1] = job.id
    end
  end
  if id and #list == 0 then
    return nil, ("no job %s was given up; `syncwell jobs` lists them"):format(sw.sys.clean(id)), "usage"
  end
  return list
end

-- `said` for a person, `key` for --json.
local function each(said, key, take)
  return function(ctx, words)
    local list, message, code = meant(ctx, words[2])
    if not list then
      return nil, message, code
    end
    local t = home.txn(ctx)
    for _, id in ipairs(list) do
      take(t, id)
    end
    local done, why, kind = t:commit()
    if not done then
      return nil, why, kind
    end
    term.line(ctx.json and '{"%s":%d}' or "%s: %d", ctx.json and key or said, #list)
    return 0
  end
end

verbs.retry = each("to be tried again", "retried", function(t, id)
  t:job_revive(id, sw.time.now())
end)

verbs.forget = each("forgotten", "forgotten", function(t, id)
  t:jobs_forget(id, math.maxinteger)
end)

function command.run(ctx, words)
  local verb, message, code = commands.verb("jobs", verbs, words[1])
  if not verb then
    return nil, message, code
  end
  return verb(ctx, words)
end

return command

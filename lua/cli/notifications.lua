-- syncwell notifications: every message: when, by which channel, how often it was tried, what became of it.
--   syncwell notifications   |   syncwell notifications --json
local home = require("home")
local term = require("term")

local json = sw.json
local MOST = 1000

local command = {
  group = "rules", summary = "messages that were sent, wait or did not arrive", usage = "",
  example = "syncwell notifications\nsyncwell notifications --json",
  doc = "The newest first. What waits says when it is due and why it did not go out the last time.",
  options = {},
}

local function waiting(ctx)
  local by_name = {}
  for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    if job.kind == "action" then
      by_name[job.name] = job
    end
  end
  return by_name
end

local function iso(ctx, ms)
  return ms and sw.time.iso(ms // 1000 * 1000, home.offset(ctx, ms)) or nil
end

local function entry(ctx, firing, n, jobs)
  local a, name = firing.body.actions[n], ("%s#%d"):format(firing.name, n)
  local log, job = sw.store.doc(ctx.who, ".delivery", name), jobs[name]
  local b = log and log.body or {}
  local up = job and job.state == "given_up"
  return { at = firing.body.at, rule = firing.body.rule, title = a.args.title, text = a.args.text,
    channel = b.channel or a.args.channel or (ctx.config.channels or {}).default or "file",
    attempts = b.attempts or job and job.attempts or 0, outcome = up and "given up" or a.state,
    ended = iso(ctx, b.at), due = job and not up and iso(ctx, job.due) or nil,
    why = job and job.failure ~= "" and job.failure or nil }
end

local function gather(ctx)
  local docs, message, code = sw.store.docs(ctx.who, "firing", { newest = true, limit = MOST })
  if not docs then
    return nil, message, code
  end
  local list, jobs = json.list(), waiting(ctx)
  for _, doc in ipairs(docs) do
    for n, a in ipairs(doc.body.actions or {}) do
      if a.action == "notify" then
        list[#list + 1] = entry(ctx, doc, n, jobs)
      end
    end
  end
  return list
end

function command.run(ctx)
  local list, message, code = gather(ctx)
  if not list then
    return nil, message, code
  elseif ctx.json then
    term.line("%s", json.encode(list))
    return 0
  end
  local rows = {}
  for i, e in ipairs(list) do
    rows[i] = { e.at:sub(1, 10) .. " " .. e.at:sub(12, 16), e.rule, e.channel, tostring(e.attempts),
      sw.sys.clean(e.why and e.outcome .. ": " .. e.why or e.outcome),
      sw.sys.clean((e.title and e.title .. ": " or "") .. e.text) }
  end
  if #rows == 0 then
    term.line("no message was sent yet")
  else
    term.table({ "when", "from", "channel", "tries", "outcome", "message" }, rows)
  end
  return 0
end

return command

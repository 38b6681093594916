-- syncwell notifications: every message: when, by which channel, how often tried, what became of it; and
-- sending once more what did not arrive.
--   syncwell notifications   |   syncwell notifications --json   |   syncwell notifications again
local firing = require("firing")
local home = require("home")
local outlets = require("outlets")
local term = require("term")

local json = sw.json
local MOST = 1000
local AGAIN_MS = 7 * 86400000 -- so far back goes `again` without an ID

local command = {
  group = "rules", summary = "messages that were sent, wait or did not arrive",
  usage = "[list | again [ID]]",
  example = "syncwell notifications\nsyncwell notifications --json\nsyncwell notifications again",
  doc = "The newest first. What waits says when it is due and why it did not go out the last time.\n"
    .. "`again` sends once more what failed or of which nobody knows whether it arrived: the message of\n"
    .. "that ID, else all of the last seven days.",
  options = {},
}

function command.mutates(words)
  return words[1] == "again"
end

local function is_missing(a)
  return a.action == "notify" and (a.state:find("^failed") or a.state:find("^outcome unknown")) ~= nil
end

local function id_of(doc, n)
  return ("%s#%d"):format(doc.name, n)
end

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

local function entry(ctx, doc, n, jobs)
  local a, name = doc.body.actions[n], id_of(doc, n)
  local log, job = sw.store.doc(ctx.who, ".delivery", name), jobs[name]
  local b = log and log.body or {}
  local up = job and job.state == "given_up"
  return { id = name, at = doc.body.at, rule = doc.body.rule, title = a.args.title, text = a.args.text,
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

-- Those of a firing that are meant are planned anew, under the keys they had.
local function plan_again(ctx, t, doc, id)
  local n_planned, body = 0, firing.listed(doc.body)
  for n, a in ipairs(body.actions) do
    if is_missing(a) and (not id or id == id_of(doc, n)) then
      a.state, a.again, n_planned = "planned", true, n_planned + 1
      t:doc_delete(".delivery", id_of(doc, n))
      t:job(outlets.job(ctx, doc.name, n, a, sw.time.now()))
    end
  end
  if n_planned > 0 then
    t:doc("firing", doc.name, json.encode(body), { revision = doc.revision, at = doc.at })
  end
  return n_planned
end

local function again(ctx, id)
  local docs, message, code = sw.store.docs(ctx.who, "firing", { newest = true, limit = MOST,
    from = not id and sw.time.now() - AGAIN_MS or nil })
  if not docs then
    return nil, message, code
  end
  local t, planned = home.txn(ctx), 0
  for _, doc in ipairs(docs) do
    planned = planned + plan_again(ctx, t, doc, id)
  end
  if planned == 0 then
    return nil, id and "no message of this ID did not arrive; `syncwell notifications --json` has the IDs"
      or "no message of the last seven days did not arrive", "usage"
  end
  local done, why, kind = t:commit()
  if not done then
    return nil, why, kind
  end
  term.line(ctx.json and '{"again":%d}' or "to be sent again: %d (`syncwell run` does it)", planned)
  return 0
end

-- What may be sent again, below the table.
local function offer(list)
  local any = false
  for _, e in ipairs(list) do
    if e.outcome:find("^failed") or e.outcome:find("^outcome unknown") then
      term.line("%sdid not arrive, or nobody knows: %s", any and "" or "\n", sw.sys.clean(e.id))
      any = true
    end
  end
  if any then
    term.line("send once more with: syncwell notifications again [ID]")
  end
end

function command.run(ctx, words)
  if words[1] == "again" then
    return again(ctx, words[2])
  elseif words[1] and words[1] ~= "list" then
    return nil, ("notifications knows list and again, not '%s'"):format(sw.sys.clean(words[1])), "usage"
  end
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
    offer(list)
  end
  return 0
end

return command

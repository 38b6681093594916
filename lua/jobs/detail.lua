-- Job "detail": the streams of one record that a listing brought new or changed.
-- payload: { connection, resource, item = { id, start, origin }, run: the sync it belongs to }. Limits and
-- outages are waited for.
local account = require("account")
local connections = require("connections")
local door = require("door")
local home = require("home")
local intake = require("intake")
local raw = require("raw")
local undo = require("undo")
local watch = require("watch")

local json = sw.json
local detail = {}

local CPU_MS, HOUR_MS = 2000, 3600000
local MANY = 300 -- streams that may wait for one window

local function open(ctx, job)
  local acct, message, code = account.of(ctx, job.payload.connection)
  if acct then
    acct.reserve = 0.6 -- listings come first: streams of a week's past can wait
  end
  return acct, message, code
end

local function answers(acct, taken, failure)
  local network = door.network(acct, failure, function(request, reply)
    raw.note(taken.raw, request, reply)
  end)
  return function(call, index, name, args)
    if name == "http" then
      return network(call, index, name, args)
    end
    local ok, message = taken:take(name, args)
    sw.box.reply(call, ok or false, ok or message)
  end
end

local function ask(ctx, acct, job, taken)
  local failure, p = {}, acct.provider
  local ready, why, kind, ms = acct:ready()
  if not ready then
    return nil, why, kind, ms
  end
  local results, message, code = door.run(ctx.name, p.package, { { cpu_ms = CPU_MS, spec = { op = "detail",
    script = p.script, resource = job.payload.resource, item = job.payload.item, at = sw.time.now(),
    settings = acct.connection.body.settings } } },
    answers(acct, taken, failure))
  if not results then
    return nil, message, code
  elseif failure.message then
    return nil, failure.message, failure.code, failure.more
  elseif not results[1].ok then
    return nil, results[1].error.text or results[1].error.message, "bad"
  end
  local v = results[1].out.verdict
  if v and v.word == "refresh" then -- renewed here, it is asked again soon
    ready, why, kind, ms = acct:renew()
    if not ready and kind ~= "reconnect" then
      return nil, why, kind, ms
    end
  end
  if v then
    return nil, ("%s answered %s"):format(acct.declaration.title, tostring(v.status)),
      (v.word == "drop" or v.word == "attention") and "bad" or "again"
  end
  return true
end

-- Waiting for a limit is no failure: the job ends and stands there again, later.
local function wait(ctx, job, acct, ms)
  local t = home.txn(ctx)
  job:finish(t, "waits", {})
  local due = sw.time.now() + ms + (acct and acct:turn(ms, MANY) or 0)
  t:job { kind = "detail", name = job.name, urgency = 2, due = due, payload = json.encode(job.payload) }
  local ok, message, code = t:commit()
  return ok and { waits_ms = ms } or nil, message, code
end

function detail.run(ctx, job)
  local acct, message, code = open(ctx, job)
  if not acct and code == "needs_user" then
    return wait(ctx, job, nil, HOUR_MS)
  elseif not acct then
    return code == "usage" and { skipped = message } or nil, message, code
  end
  local taken = intake.new(ctx, acct.connection, acct.provider)
  taken.raw = raw.recorder(ctx)
  local ok, more
  ok, message, code, more = ask(ctx, acct, job, taken)
  if not ok and code == "wait" then
    return wait(ctx, job, acct, math.tointeger(more) or 60000)
  elseif not ok and code == "needs_user" then
    connections.set_needs_user(ctx, acct.connection, message)
    return wait(ctx, job, acct, HOUR_MS)
  elseif not ok then
    return nil, message, code
  end
  local t = home.txn(ctx)
  undo.around(t, job.payload.run or job.id, "sync", connections.title(acct.connection), function()
    taken:write(t)
  end)
  raw.keep(ctx, t, acct.connection, acct.provider, { op = "detail", resource = job.payload.resource,
    item = job.payload.item }, taken.raw)
  watch.ask(t)
  job:finish(t, "done", { item = job.payload.item.id })
  local done
  done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  taken:count(done, 2)
  return taken.total
end

return detail

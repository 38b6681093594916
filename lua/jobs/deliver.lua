-- Job "deliver": bring one entry to a destination (a connection whose provider `writes`). It has a key of
-- its own there (an entry's UID), so that doing it again changes nothing; an outage is waited for.
-- It carries a tag of ours and is noted before it is sent (lua/echoes.lua): it is known when it comes back.
-- payload: { connection = id, what = "calendar", entry = { uid, ics, from } }
local account = require("account")
local connections = require("connections")
local destinations = require("destinations")
local door = require("door")
local echoes = require("echoes")
local home = require("home")
local outlets = require("outlets")

local deliver = {}

-- What is the server's matter, not the entry's: it hangs, is away, or something stands before it.
local AWAY = { network = true, timeout = true, broken = true, tls = true, refused = true }

local CPU_MS = 1000

local function write(ctx, acct, job)
  local failure, p = {}, acct.provider
  local ready, why, kind = acct:ready()
  if not ready then
    return nil, why, kind
  end
  local results, message, code = door.run(ctx.name, p.package, { { cpu_ms = CPU_MS, spec = { op = "write",
    script = p.script, what = job.payload.what, entry = job.payload.entry,
    settings = acct.connection.body.settings, account = acct.connection.body.account,
    at = sw.time.now() } } },
    door.network(acct, failure))
  if not results then
    return nil, message, code
  elseif failure.message then
    return nil, failure.message, failure.code
  elseif not results[1].ok then
    return nil, results[1].error.text or results[1].error.message, "bad"
  end
  return results[1].out
end

-- The server takes nothing now: the others wait with this one, and their person hears of it in time.
local function away(ctx, place, why, code)
  local t = home.txn(ctx)
  local due = outlets.failed(t, ctx, place, why)
  return nil, why, code, t:commit() and due or nil
end

local function taken(ctx, place)
  local t = home.txn(ctx)
  outlets.went(t, place)
  t:commit()
end

local function bring(ctx, job, acct, place)
  local out, message, code
  out, message, code = echoes.intend(ctx, acct.connection, job.payload.what, job.payload.entry)
  if out then
    out, message, code = write(ctx, acct, job)
  end
  if out and out.result == "reconnect" and out.status == 401 and acct:renew() then
    out, message, code = write(ctx, acct, job)
  end
  if not out and code == "needs_user" then
    connections.set_needs_user(ctx, acct.connection, message)
    return nil, message, "again"
  elseif not out and AWAY[code] then
    return away(ctx, place, message, code)
  elseif not out then
    return nil, message, code
  end
  local title = acct.declaration.title
  if out.result == "done" then
    taken(ctx, place)
    local noted, why, kind = echoes.sent(ctx, acct.connection, job.payload.entry, out.external)
    return noted and { state = "done", status = out.status } or nil, why, kind
  elseif out.result == "reconnect" then
    connections.set_state(ctx, acct.connection, "needs_user",
      ("%s no longer accepts the credential (answer %d); "
      .. "mend it with: syncwell connect %s"):format(title, out.status, acct.connection.provider))
  elseif out.result == "never" then
    return nil, ("%s refused the entry for good (answer %s)"):format(title, tostring(out.status)), "bad"
  end
  local why = ("%s answered %s"):format(title, tostring(out.status or "not yet"))
  if (out.status or 0) >= 500 or out.status == 429 then
    return away(ctx, place, why, "again")
  end
  return nil, why, "again"
end

-- One entry at a time for each server, so that one that hangs takes no place from others that are asked.
function deliver.run(ctx, job)
  local acct, message, code = account.of(ctx, job.payload.connection)
  if not acct then
    return code == "usage" and { skipped = message } or nil, message, code == "needs_user" and "again" or code
  end
  local place = outlets.of_connection(acct.connection)
  local _ <close> = outlets.enter(ctx, place)
  local rests, resting = outlets.rests_until(ctx, place)
  if destinations.superseded(ctx, job.payload) then
    return { state = "superseded" }
  elseif rests then
    return nil, resting, "rests", rests
  end
  return bring(ctx, job, acct, place)
end

return deliver

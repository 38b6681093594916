-- Job "deliver": bring one entry to a destination (a connection whose provider `writes`). It has a key of
-- its own there (an entry's UID), so that doing it again changes nothing; an outage is waited for.
-- It carries a tag of ours and is noted before it is sent (lua/echoes.lua): it is known when it comes back.
-- payload: { connection = id, what = "calendar", entry = { uid, ics, from } }
local account = require("account")
local connections = require("connections")
local destinations = require("destinations")
local door = require("door")
local echoes = require("echoes")

local deliver = {}

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

function deliver.run(ctx, job)
  if destinations.superseded(ctx, job.payload) then
    return { state = "superseded" }
  end
  local acct, message, code = account.of(ctx, job.payload.connection)
  if not acct then
    return code == "usage" and { skipped = message } or nil, message, code == "needs_user" and "again" or code
  end
  local out
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
  elseif not out then
    return nil, message, code
  end
  local title = acct.declaration.title
  if out.result == "done" then
    local noted, why, kind = echoes.sent(ctx, acct.connection, job.payload.entry, out.external)
    return noted and { state = "done", status = out.status } or nil, why, kind
  elseif out.result == "reconnect" then
    connections.set_state(ctx, acct.connection, "needs_user",
      ("%s no longer accepts the credential (answer %d); "
      .. "mend it with: syncwell connect %s"):format(title, out.status, acct.connection.provider))
  elseif out.result == "never" then
    return nil, ("%s refused the entry for good (answer %s)"):format(title, tostring(out.status)), "bad"
  end
  return nil, ("%s answered %s"):format(title, tostring(out.status or "not yet")), "again"
end

return deliver

-- Runs in a box whose questions are answered here. An answer that fails is an answer too: whoever asked
-- is told why and never waits for ever.
--   door.run(user, package, runs, function(call, index, name, args) sw.box.reply(call, true, value) end)
--   door.batch(user, package, head, events, cpu_ms, function(call, index, name, args) ... end)
local scripts = require("scripts")

local door = {}

local function guarded(answer)
  return function(call, index, name, args)
    local ok, message = pcall(answer, call, index, name, args)
    if not ok then
      sw.sys.log("error", "script", tostring(message))
      sw.box.reply(call, false, "the engine could not answer: " .. tostring(message))
    end
  end
end

function door.run(user, package, runs, answer)
  local there, why, kind = scripts.ready(user, package)
  if not there then
    return nil, why, kind
  end
  return sw.box.run(user, package, runs, guarded(answer))
end

-- The same for one rule over many events: see sw.box.batch.
function door.batch(user, package, head, events, cpu_ms, answer)
  local there, why, kind = scripts.ready(user, package)
  if not there then
    return nil, why, kind
  end
  return sw.box.batch(user, package, head, events, cpu_ms, guarded(answer))
end

-- Answers that only ask the network through an account; what fails there is kept in `failure`, what comes is
-- shown to `note(request, reply)`.
function door.network(acct, failure, note)
  return function(call, _, name, args)
    if name ~= "http" then
      return sw.box.reply(call, false, name .. " is not available here")
    end
    local reply, message, code, more = acct:request(type(args) == "table" and args or {})
    if not reply then
      failure.message, failure.code, failure.more = message, code, more
      return sw.box.reply(call, false, message)
    end
    if note then
      note(args, reply)
    end
    sw.box.body(call, reply.body)
    sw.box.reply(call, true, { status = reply.status, headers = reply.headers })
  end
end

return door

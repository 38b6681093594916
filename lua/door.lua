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

-- Where no worker could be had no script was tried: whoever asked tries again, and no script is blamed.
local function served(results, message, code)
  for i = 1, results and results.failed ~= false and #results or 0 do
    local r = results[i]
    if r.unserved then
      return nil, "scripts cannot run now, which is tried again: " .. r.error.message, "again"
    end
  end
  return results, message, code
end

function door.run(user, package, runs, answer)
  local there, why, kind = scripts.ready(user, package)
  if not there then
    return nil, why, kind
  end
  return served(sw.box.run(user, package, runs, guarded(answer)))
end

local AT_ONCE = 4

-- Answers of a batch in turn: first to runs that have had one, and to no more new ones than may stand there
-- with what they read: that of five hundred runs is more than a worker may hold, or than is read at once.
local function in_turn(answer)
  local new, again, holding, held, busy = {}, {}, {}, 0, false
  local function next_call()
    local c = table.remove(again, 1) or held < AT_ONCE and table.remove(new, 1) or nil
    if c and not holding[c[2]] then
      holding[c[2]], held = true, held + 1
    end
    return c
  end
  local function note(call, index, name, args)
    local list = holding[index] and again or new
    if call then
      list[#list + 1] = { call, index, name, args }
    elseif holding[index] then
      holding[index], held = nil, held - 1
    end
  end
  return function(call, index, name, args)
    note(call, index, name, args)
    if not busy then
      busy = true
      for c in next_call do
        answer(table.unpack(c, 1, 4))
      end
      busy = false
    end
  end
end

-- The same for one rule over many events: see sw.box.batch.
function door.batch(user, package, head, events, cpu_ms, answer)
  local there, why, kind = scripts.ready(user, package)
  if not there then
    return nil, why, kind
  end
  return served(sw.box.batch(user, package, head, events, cpu_ms, in_turn(guarded(answer))))
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

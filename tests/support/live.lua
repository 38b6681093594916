-- Help for flows with live services: processes that are spoken to, a Strava of the replay server.
--   local p = live.spawn(h.command("run"));  p.say("text\n");  p.await("pattern");  p.wait(10).code;  p.kill("KILL")
--   live.strava(h, server)  signs in as a person would, by pasting.  live.ride(id, start_ms, seconds)
local flow = require("flow")

local live = {}

live.HOUR, live.DAY = 3600000, 86400000

function live.iso(ms)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", ms // 1000)
end

function live.day(ms)
  return os.date("!%Y-%m-%d", ms // 1000)
end

-- Until f gives something true, or nil after so many seconds.
function live.wait(seconds, f)
  local began = sw.time.mono()
  repeat
    local value = f()
    if value then
      return value
    end
    sw.sys.sleep(50)
  until sw.time.mono() - began > seconds * 1000
end

function live.spawn(command)
  local dir = flow.temp()
  assert(flow.sh("mkfifo " .. dir .. "/in").code == 0)
  local input = assert(io.open(dir .. "/in", "r+"))
  input:setvbuf("no")
  os.execute(("( %s <%s/in >%s/out 2>%s/err & echo $! >%s/pid; wait $!; echo $? >%s/code ) 2>/dev/null &"):format(
    command, dir, dir, dir, dir, dir))
  local p = { pid = live.wait(5, function() return tonumber(flow.read(dir .. "/pid") or "") end) }
  function p.say(text)
    input:write(text)
  end
  function p.out()
    return flow.read(dir .. "/out") or ""
  end
  function p.err()
    return flow.read(dir .. "/err") or ""
  end
  function p.await(pattern, seconds)
    local found = live.wait(seconds or 15, function() return (p.out() .. p.err()):match(pattern) end)
    return found or error(("'%s' never came: %s%s"):format(pattern, p.out(), p.err()), 2)
  end
  function p.code()
    return tonumber(flow.read(dir .. "/code") or "")
  end
  -- its end: { code, out, err }
  function p.wait(seconds)
    local code = live.wait(seconds or 30, p.code)
    if not code then
      p.kill("KILL")
      error("it did not end: " .. command .. "\n" .. p.out() .. p.err(), 2)
    end
    local r = { code = code, out = p.out(), err = p.err() }
    input:close()
    sw.fs.remove_tree(dir)
    return r
  end
  function p.kill(signal)
    flow.sh(("kill -%s %d 2>/dev/null"):format(signal or "TERM", p.pid))
  end
  function p.stop()
    p.kill("TERM")
    return p.wait(20)
  end
  return p
end

function live.ride(id, start_ms, seconds)
  return { id = id, name = "Ride " .. id, sport_type = "Ride", start_date = live.iso(start_ms), utc_offset = 0,
    elapsed_time = seconds or 3600, moving_time = seconds or 3600, distance = 20000.5 }
end

-- Where a browser would be sent from the sign-in page.
function live.allow(address)
  local r = flow.sh(("curl -s -o /dev/null -w '%%{redirect_url}' %s"):format(flow.quote(address)))
  assert(r.out ~= "", "the sign-in page sends nowhere: " .. address)
  return r.out
end

-- `connect strava --paste` with the secret and the address a browser ends at: { code, out, err, address }.
function live.strava(h, server, ...)
  local p = live.spawn(h.command("connect", "strava", "--client-id", "1", "--base-url", server.url, "--paste", ...))
  p.say("client-secret\n")
  local address = p.await("(http://%S+/oauth/authorize%S+)")
  p.say(live.allow(address) .. "\n")
  local r = p.wait(60)
  r.address = address
  return r
end

-- The connection as `connections show --json` tells it.
function live.show(h, name, ...)
  return h.json("connections", "show", name or "strava", ...)
end

-- The states of the days of a resource: { ["2026-03-01"] = "received" ... }
function live.ledger(h, name, resource)
  local days = {}
  for _, run in ipairs(live.show(h, name).coverage) do
    for i = 0, run.resource == resource and run.days - 1 or -1 do
      days[sw.time.day_text(sw.time.parse(run.first) // live.DAY + i)] = run.state
    end
  end
  return days
end

return live

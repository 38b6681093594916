-- SPDX-License-Identifier: MIT
-- Live services as a person meets them: connect, a week appears, a new activity is stored within one poll,
-- its rule fires once, the calendar server has the entry, the phone got the message; kills repeat nothing.
local daemon = require("daemon")
local flow = require("flow")
local replay = require("replay_server")

local HOUR, DAY = 3600000, 86400000
local KEY = "canary-1f83b2c94e"

local function iso(ms)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", ms // 1000)
end

local function activity(id, start_ms, minutes)
  return { id = id, name = "Ride " .. id, type = "Ride", start_date = iso(start_ms),
    start_date_local = iso(start_ms):gsub("Z$", ""), elapsed_time = minutes * 60, moving_time = minutes * 60,
    distance = 20000.5, calories = 500, average_heartrate = 140.0, max_heartrate = 170.0 }
end

local function days_ago(n)
  return (os.time() // 86400 - n) * DAY + 9 * HOUR
end

-- A Radicale of our own with one calendar.
local function calendar_server()
  local dir = flow.temp()
  flow.write(dir .. "/config", ("[auth]\ntype = htpasswd\nhtpasswd_filename = %s/users\n"
    .. "htpasswd_encryption = plain\n[storage]\nfilesystem_folder = %s/data\n[logging]\nlevel = warning\n"):format(dir, dir))
  flow.write(dir .. "/users", "me:secret-password\n")
  local server = daemon.start(("/usr/bin/radicale -C %s/config --server-hosts 127.0.0.1:$PORT"):format(dir))
  server.dir, server.url = dir, ("http://127.0.0.1:%d/me/health/"):format(server.port)
  local made = flow.sh(("curl -s -o /dev/null -w %%{http_code} -u me:secret-password -X MKCALENDAR %s"):format(server.url))
  assert(made.out == "201", "no calendar: " .. made.out)
  return server
end

local function entries(server)
  local list = {}
  for _, name in ipairs(sw.fs.list(server.dir .. "/data/collection-root/me/health") or {}) do
    if name:find("%.ics$") then
      list[#list + 1] = flow.read(server.dir .. "/data/collection-root/me/health/" .. name)
    end
  end
  return list
end

local RULE = [[local sw = require "syncwell"
return sw.rule { title = "drink", on = sw.event { "workout.created", provider = "intervals-icu" },
  when = function(w) return w.elapsed > "60min" end, uses = { "calendar:write", "notify" },
  run = function(w, ctx)
    ctx.calendar.add { title = "Hydration reminder", at = w.finish + "30min", duration = "10min", if_past = "now" }
    ctx.notify { text = "drink after " .. w.title, title = "Hydration", on_unknown = "resend" }
  end }
]]

local function connect(h, name, lines, ...)
  local command = h.command("connect", name, ...)
  return flow.sh(("printf '%%s\\n' %s | %s"):format(lines, command))
end

-- Run the engine beside the test until `done` says so (at most `seconds`); kill -9 when `hard`.
local function engine(h, done, seconds, hard)
  local pid_file = os.tmpname()
  os.execute(("%s 2>>%s/engine.log & echo $! >%s"):format(h.command("run"), h.dir, pid_file))
  local pid, ok = nil, false
  for _ = 1, (seconds or 30) * 10 do
    sw.sys.sleep(100)
    pid = pid or tonumber(flow.read(pid_file) or "")
    if done() then
      ok = true
      break
    end
  end
  flow.sh(("kill -%s %d; for i in $(seq 100); do kill -0 %d 2>/dev/null || exit 0; sleep 0.1; done"):format(
    hard and "KILL" or "TERM", pid, pid))
  os.remove(pid_file)
  return ok
end

local function prepared(server, calendar, rule)
  local h = flow.home("Europe/Berlin")
  flow.write(h.dir .. "/config.lua", ('return { channels = { default = "ntfy", ntfy = { url = "%s/ntfy/mine", token = "secret:ntfy_token" } } }')
    :format(server.url))
  flow.sh("printf tk_canary_ntfy_77 | " .. h.command("secrets", "set", "ntfy_token"))
  flow.write(h.dir .. "/rules/automations/drink.lua", rule or RULE)
  if calendar then
    local r = connect(h, "caldav", "secret-password me", "--base-url", calendar.url)
    assert(r.code == 0, r.err .. r.out)
  end
  return h
end

local function messages(server)
  return server.requests("/ntfy/mine")
end

describe("a live service", function()
  it("is connected, brings a week, is polled, and what it brings acts once over a kill", function()
    local server, calendar = replay.start(), calendar_server()
    server.control { set = { intervals = { key = KEY, activities = { activity("i1", days_ago(3), 45), activity("i2", days_ago(1), 50) },
      wellness = { { id = os.date("!%Y-%m-%d", days_ago(2) // 1000), steps = 9000, restingHR = 52 } } } } }
    local h = prepared(server, calendar)
    local r = connect(h, "intervals-icu", KEY, "--base-url", server.url)
    expect(r.err).equals("")
    expect(r.out).contains("connected intervals-icu as")
    expect(#h.json("records", "workout", "last 9d")).equals(2)
    expect(h.json("query", "steps", "--from", os.date("!%Y-%m-%d", days_ago(2) // 1000))[1].value).equals(9000)
    h.ok("connections", "poll", "intervals-icu", "10s")
    local long = activity("i3", (os.time() - 2 * 3600) * 1000, 90)
    local rate, time = {}, {}
    for i = 1, 300 do
      time[i], rate[i] = i * 18, 120 + i % 30
    end
    server.control { add = { intervals = { activities = { long } } }, set = { intervals = { streams = { i3 = { time = time, heartrate = rate } } } } }
    expect(engine(h, function() return #messages(server) > 0 end, 40, true)).is_true()
    expect(engine(h, function() return #entries(calendar) > 0 end, 40)).is_true()
    engine(h, function() return false end, 15)
    expect(#h.json("records", "workout", "last 9d")).equals(3)
    expect(#messages(server)).equals(1)
    expect(messages(server)[1].body).equals("drink after Ride i3")
    expect(messages(server)[1].headers.authorization or messages(server)[1].headers.Authorization).equals("Bearer tk_canary_ntfy_77")
    local list = entries(calendar)
    expect(#list).equals(1)
    expect(list[1]).contains("SUMMARY:Hydration reminder")
    expect(#h.json("rules", "trace")).equals(1)
    local beats = h.json("query", "heart_rate", "--every", "raw", "--from", "yesterday")
    expect(#beats).equals(300)
    expect(beats[1].value).equals(121)
    expect(#server.requests("/api/v1/activity/i3/streams.json")).equals(1)
    server.stop()
    calendar.stop()
    h.remove()
  end)

  it("killed between sending and recording writes each entry once, and each message at most once and visibly", function()
    local server, calendar = replay.start(), calendar_server()
    local list = {}
    for i = 1, 12 do
      list[i] = activity("k" .. i, days_ago(6) + (i // 2) * DAY // 2 + i * HOUR, 61 + i)
    end
    server.control { set = { intervals = { key = KEY, activities = list } }, keep_alive = false }
    local h = prepared(server, calendar, (RULE:gsub(', on_unknown = "resend"', ""):gsub('title = "drink",', 'title = "drink", backfill = true,')))
    expect(connect(h, "intervals-icu", KEY, "--base-url", server.url).code).equals(0)
    server.control { fail = { { path = "/ntfy", skip = 1, times = 2, how = "slow:0.6" }, { path = "/ntfy", skip = 5, times = 1, how = "slow:0.6" } } }
    local kills = 0
    for i = 1, 14 do
      local stop = sw.time.mono() + 250 + i * 37 % 400
      engine(h, function() return sw.time.mono() > stop end, 5, true)
      kills = kills + 1
    end
    local function settled()
      for _, f in ipairs(h.json("rules", "trace")) do
        for _, a in ipairs(f.actions) do
          if a.state == "planned" or a.state == "sending" then
            return false
          end
        end
      end
      return #entries(calendar) == 12
    end
    expect(engine(h, settled, 60)).is_true()
    local told, seen, unknown = 0, {}, 0
    for _, m in ipairs(messages(server)) do
      expect(seen[m.body]).is_nil()
      seen[m.body], told = true, told + 1
    end
    for _, f in ipairs(h.json("rules", "trace")) do
      for _, a in ipairs(f.actions) do
        unknown = unknown + (a.state:find("^outcome unknown") and 1 or 0)
      end
    end
    sw.sys.out(("     %d kills, %d entries, %d messages, %d outcomes unknown\n"):format(kills, #entries(calendar), told, unknown))
    expect(#entries(calendar)).equals(12)
    expect(told + unknown >= 12).is_true()
    server.stop()
    calendar.stop()
    h.remove()
  end)
end)

-- What connections do as events: rules fire once for a sync that brought something, one that failed, a
-- connection that needs its person. And `pause` holds all of it.
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

local DAY, HOUR = live.DAY, live.HOUR
local NOON = sw.time.parse("2026-03-10T12:00:00Z")
local server = replay.start()

local function activity(id, start_ms)
  return { id = id, name = id, type = "Ride", start_date = live.iso(start_ms), start_date_local = live.iso(start_ms):gsub("Z$", ""),
    elapsed_time = 3600, moving_time = 3600 }
end

local function rule(event)
  return ([[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "%s", uses = { "notify" },
  run = function(e, ctx) ctx.notify("%s of " .. e.connection) end }
]]):format(event, event)
end

local function home()
  local h = flow.home("UTC")
  for name, event in pairs { done = "sync.finished", bad = "sync.failed", user = "connection.needs_user" } do
    flow.write(h.dir .. "/rules/automations/" .. name .. ".lua", rule(event))
  end
  return h
end

local function told(h)
  local counts = {}
  for word in (flow.read(h.dir .. "/notifications.log") or ""):gmatch("(%l+%.[%l_]+) of intervals%-icu") do
    counts[word] = (counts[word] or 0) + 1
  end
  return counts
end

local function at(h, ms, ...)
  return h.run("--now", live.iso(ms), ...)
end

local function step(h, ms)
  local r = at(h, ms, "run", "--once")
  assert(r.code == 0, r.out .. r.err)
end

local function connected()
  server.control { reset = true, set = { intervals = { activities = {} } } }
  local h = home()
  local r = flow.sh("printf 'key\\n' | " .. h.command("--now", live.iso(NOON), "connect", "intervals-icu", "--base-url", server.url))
  assert(r.code == 0, r.out .. r.err)
  return h
end

describe("a rule", function()
  it("fires once for a sync that brought something, and not for one that brought nothing", function()
    local h = connected()
    step(h, NOON + HOUR)
    expect(told(h)).equals {}
    server.control { add = { intervals = { activities = { activity("a", NOON) } } } }
    step(h, NOON + 2 * HOUR)
    expect(told(h)).equals { ["sync.finished"] = 1 }
    step(h, NOON + 5 * HOUR)
    expect(told(h)).equals { ["sync.finished"] = 1 }
    h.remove()
  end)

  it("fires once for an outage, however long, and again for the next", function()
    local h = connected()
    server.control { fail = { path = "/api/", how = "status:500", times = 8 } }
    step(h, NOON + DAY)
    expect(told(h)).equals { ["sync.failed"] = 1 }
    expect(live.show(h, "intervals-icu").last_error).is_nil()
    server.control { fail = { path = "/api/", how = "status:500", times = 2 } }
    step(h, NOON + DAY + 3 * HOUR)
    expect(told(h)).equals { ["sync.failed"] = 2 }
    h.remove()
  end)

  it("fires once for a connection that needs its person", function()
    local h = connected()
    server.control { fail = { path = "/api/v1/athlete/0/activities", how = "status:401", times = -1 } }
    step(h, NOON + HOUR)
    step(h, NOON + 5 * HOUR)
    at(h, NOON + 6 * HOUR, "sync")
    expect(told(h)["connection.needs_user"]).equals(1)
    local c = live.show(h, "intervals-icu")
    expect(c.state).equals("needs_user")
    expect(c.sentence).contains("syncwell connect intervals-icu")
    expect(#server.requests("/api/v1/athlete/0/activities")).equals(2) -- at connect, and the one refused
    h.remove()
  end)
end)

local function cpu_ticks(pid)
  local stat = flow.read(("/proc/%d/stat"):format(pid)):match("^%d+ %b() (.+)$")
  local fields = {}
  for field in stat:gmatch("%S+") do
    fields[#fields + 1] = tonumber(field) or field
  end
  return fields[12] + fields[13]
end

describe("pause", function()
  it("holds polls, posts, rules and syncs by hand until resume, at rest", function()
    server.control { reset = true, set = { intervals = { activities = {} } } }
    local h = home()
    assert(flow.sh("printf 'key\\n' | " .. h.command("connect", "intervals-icu", "--base-url", server.url)).code == 0)
    h.ok("connections", "poll", "intervals-icu", "10s")
    local engine = live.spawn(h.command("run"))
    expect(live.wait(20, function() return #server.requests("/api/v1/athlete/0/activities") > 1 end)).is_true()
    h.ok("pause")
    sw.sys.sleep(1000) -- what runs ends
    server.control { add = { intervals = { activities = { activity("held", os.time() * 1000 - 2 * HOUR) } } } }
    local asked, ticks = #server.log(), cpu_ticks(engine.pid)
    sw.sys.sleep(13000) -- a poll would be due
    expect(#server.log()).equals(asked)
    expect(cpu_ticks(engine.pid) - ticks < 100).is_true() -- a hundredth of a second each: it rests
    local r = h.run("sync")
    expect({ r.code, r.err:match("syncwell resume") }).equals { 1, "syncwell resume" }
    h.ok("run", "--once")
    expect({ #server.log(), #h.json("records", "workout", "last 2d") }).equals { asked, 0 }
    h.ok("resume")
    expect(live.wait(15, function() return told(h)["sync.finished"] end)).equals(1)
    expect(#h.json("records", "workout", "last 2d")).equals(1)
    engine.stop()
    server.stop()
    h.remove()
  end)
end)

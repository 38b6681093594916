-- What services do wrong, and that nothing is lost or made up by it: outages, limits, odd answers, edits and
-- deletions. Data time stands at --now and is stepped.
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

local NOON = sw.time.parse("2026-03-10T12:00:00Z")
local MINUTE, HOUR, DAY = 60000, live.HOUR, live.DAY
local ACTIVITIES = "/api/v1/athlete/0/activities"

local server = replay.start()

local function activity(id, start_ms, seconds)
  return { id = id, name = "Ride " .. id, type = "Ride", start_date = live.iso(start_ms),
    start_date_local = live.iso(start_ms):gsub("Z$", ""), elapsed_time = seconds or 3600,
    moving_time = seconds or 3600, distance = 20000.5 }
end

local function at(h, ms, ...)
  return h.run("--now", live.iso(ms), ...)
end

-- Everything that is due until then, at its own instants.
local function step(h, ms)
  local r = at(h, ms, "run", "--once")
  assert(r.code == 0, r.out .. r.err)
end

local function sync(h, ms)
  local r = h.run("--json", "--now", live.iso(ms), "sync")
  return assert(sw.json.decode(r.out), r.out .. r.err)[1], r.code
end

local function serve(data)
  server.control { reset = true, set = { intervals = data } }
end

-- A home connected to intervals.icu at noon of 10 March 2026.
local function connected(data)
  serve(data)
  local h = flow.home("UTC")
  local r = flow.sh("printf 'key\\n' | " .. h.command("--now", live.iso(NOON), "connect", "intervals-icu", "--base-url", server.url))
  assert(r.code == 0, r.out .. r.err)
  server.clear()
  return h
end

local function finish(h)
  h.remove()
end

local function workouts(h)
  local ids = {}
  for _, w in ipairs(h.json("records", "workout", "--from", "2026-02-01", "--to", "2026-04-01")) do
    ids[w.attributes.title] = w
  end
  return ids
end

local function steps(h, day)
  local rows = h.json("query", "steps", "--from", day, "--to", day)
  return rows[1] and rows[1].value
end

describe("an outage", function()
  it("of two days leaves no gap, and is not hammered at", function()
    local data = { activities = { activity("before", NOON - DAY) }, wellness = { { id = "2026-03-09", steps = 8000 } } }
    local h = connected(data)
    server.control { fail = { path = "/api/", how = "status:503", times = -1 } }
    for k = 1, 16 do
      data.activities[#data.activities + 1] = activity("out" .. k, NOON + k * 3 * HOUR - 90 * MINUTE)
    end
    for k = 0, 2 do
      data.wellness[#data.wellness + 1] = { id = live.day(NOON + k * DAY), steps = 9000 + k }
    end
    step(h, NOON + 2 * DAY)
    local asked = #server.log()
    expect(asked >= 20 and asked <= 70).is_true()
    local c = live.show(h, "intervals-icu")
    expect({ c.state, c.last_error:match("503") }).equals { "active", "503" }
    expect(live.ledger(h, "intervals-icu", "activities")["2026-03-12"]).equals("failed")
    serve(data)
    step(h, NOON + 2 * DAY + 70 * MINUTE)
    c = live.show(h, "intervals-icu")
    expect({ c.state, c.last_error }).equals { "active" }
    for _, resource in ipairs { "activities", "wellness" } do
      local days = live.ledger(h, "intervals-icu", resource)
      for day = NOON // DAY - 7, NOON // DAY + 2 do
        expect({ resource, sw.time.day_text(day), days[sw.time.day_text(day)] }).equals { resource, sw.time.day_text(day), "received" }
      end
    end
    local have = workouts(h)
    for k = 1, 16 do
      expect(have["Ride out" .. k] ~= nil).is_true()
    end
    expect({ steps(h, "2026-03-10"), steps(h, "2026-03-11") }).equals { 9000, 9001 }
    finish(h)
  end)

  it("that never answers, answers late or resets is waited for", function()
    local data = { activities = {} }
    local h = connected(data)
    local now = NOON
    for i, how in ipairs { "reset", "close-before-answer", "status:500", "status:502", "slow:2" } do
      now = now + 2 * HOUR
      data.activities[i] = activity("a" .. i, now - HOUR, 600)
      serve(data)
      -- a second one after it: curl asks again by itself on a kept connection
      server.control { keep_alive = false, fail = { path = ACTIVITIES, how = how } }
      local o = sync(h, now)
      expect({ how, o.error ~= nil }).equals { how, how ~= "slow:2" }
      step(h, now + 5 * MINUTE)
      expect({ how, workouts(h)["Ride a" .. i] ~= nil }).equals { how, true }
    end
    finish(h)
  end)
end)

describe("a limit", function()
  it("is waited for in each of the ways it is told, by hand too", function()
    local data = { activities = {} }
    local h, now = connected(data), NOON
    for _, kind in ipairs { "retry-after", "retry-after-date", "reset-epoch", "reset-left", "ratelimit", "ratelimit-triple" } do
      now = now + DAY
      data.activities[1] = activity(kind, now - HOUR)
      serve(data)
      server.control { fail = { path = ACTIVITIES, how = "status:429", limit = kind .. ":1800" } }
      local o = sync(h, now)
      expect({ kind, o.waiting ~= nil, o.error }).equals { kind, true }
      local asked = #server.log()
      o = sync(h, now + 10 * MINUTE)
      expect({ kind, o.waiting ~= nil }).equals { kind, true }
      step(h, now + 29 * MINUTE)
      expect({ kind, #server.log() - asked }).equals { kind, 0 }
      step(h, now + 35 * MINUTE)
      expect({ kind, workouts(h)["Ride " .. kind] ~= nil }).equals { kind, true }
      expect({ kind, live.show(h, "intervals-icu").state }).equals { kind, "active" }
    end
    finish(h)
  end)

  it("told without a word is waited for as long as the declared window", function()
    local data = { activities = { activity("a", NOON + HOUR) } }
    local h = connected { activities = {} }
    serve(data)
    server.control { fail = { path = ACTIVITIES, how = "status:429", limit = "none", times = 2 } }
    local now = NOON + 3 * HOUR
    sync(h, now)
    local asked = #server.log()
    step(h, now + 50000)
    expect(#server.log()).equals(asked)
    step(h, now + 5 * MINUTE)
    expect(workouts(h)["Ride a"] ~= nil).is_true()
    expect(#server.requests(ACTIVITIES)).equals(3)
    finish(h)
  end)
end)

describe("an odd answer", function()
  it("of 403 is an error with a sentence, which heals by itself", function()
    local h = connected { activities = {}, wellness = { { id = "2026-03-09", steps = 7000 } } }
    serve { activities = { activity("a", NOON - HOUR) }, wellness = { { id = "2026-03-09", steps = 7500 } } }
    server.control { fail = { path = ACTIVITIES, how = "status:403", times = 2 } }
    local _, code = sync(h, NOON + HOUR)
    expect(code).equals(1)
    local c = live.show(h, "intervals-icu")
    expect(c.state).equals("error")
    expect(c.sentence).contains("403")
    expect(steps(h, "2026-03-09")).equals(7500) -- the other resource goes on
    step(h, NOON + 4 * HOUR)
    c = live.show(h, "intervals-icu")
    expect({ c.state, c.sentence, c.last_error }).equals { "active" }
    expect(workouts(h)["Ride a"] ~= nil).is_true()
    finish(h)
  end)

  it("of half a document, a page, or something else than a list stores nothing, deletes nothing, and is asked again", function()
    local data = { activities = { activity("old", NOON - 2 * HOUR) } }
    local h = connected(data)
    local now = NOON
    for i, f in ipairs { { how = "truncated" }, { how = "html" }, { how = "html:502" }, { how = "status:200", body = "[{\"id\":\"x\"," },
      { how = "status:200", body = "" }, { how = "status:200", body = "{\"message\":\"down for maintenance\"}" } } do
      now = now + 2 * HOUR
      local name = "a" .. i
      data.activities[#data.activities + 1] = activity(name, now - HOUR, 600)
      serve(data)
      f.path, f.times = ACTIVITIES, 3
      server.control { keep_alive = false, fail = f }
      for k = 0, 2 do
        local o = sync(h, now + k * MINUTE)
        expect({ i, o.error ~= nil }).equals { i, true }
      end
      expect({ i, workouts(h)["Ride " .. name] }).equals { i }
      expect({ i, workouts(h)["Ride old"] ~= nil }).equals { i, true }
      step(h, now + HOUR)
      expect({ i, workouts(h)["Ride " .. name] ~= nil }).equals { i, true }
    end
    finish(h)
  end)

  it("of less than before on a day that is over is believed only when it is said twice, and zero never", function()
    local h, now = connected { wellness = { { id = "2026-03-08", steps = 9000 } } }, NOON
    local function told(n)
      now = now + 20 * MINUTE
      serve { wellness = { { id = "2026-03-08", steps = n } } }
      sync(h, now)
      return steps(h, "2026-03-08")
    end
    expect(told(9000)).equals(9000)
    expect({ told(0), told(0) }).equals { 9000, 9000 }
    expect({ told(8500) }).equals { 8500 }
    expect({ told(3000), told(8500), told(3000) }).equals { 8500, 8500, 8500 } -- not twice in a row
    expect(told(3000)).equals(3000)
    expect(told(9500)).equals(9500)
    finish(h)
  end)
end)

describe("what changes at the service", function()
  it("is changed here; what is missing is gone only after the second whole listing", function()
    local one, two = activity("one", NOON - DAY), activity("two", NOON - 20 * HOUR)
    local h = connected { activities = { one, two } }
    one.elapsed_time = 4000
    serve { activities = { one, two } }
    local o = sync(h, NOON + 20 * MINUTE)
    expect({ o.updated, o.unchanged, o.new }).equals { 1, 1, 0 }
    expect(workouts(h)["Ride one"].attributes.elapsed_s).equals(4000)
    serve { activities = { one } }
    sync(h, NOON + 40 * MINUTE)
    expect(workouts(h)["Ride two"] ~= nil).is_true()
    server.control { fail = { path = ACTIVITIES, how = "status:500" } }
    sync(h, NOON + 60 * MINUTE)
    expect(workouts(h)["Ride two"] ~= nil).is_true()
    o = sync(h, NOON + 80 * MINUTE)
    expect(o.deleted).equals(1)
    expect(workouts(h)["Ride two"]).is_nil()
    expect(workouts(h)["Ride one"] ~= nil).is_true()
    serve { activities = { one, two } }
    sync(h, NOON + 100 * MINUTE)
    expect(workouts(h)["Ride two"] ~= nil).is_true()
    finish(h)
  end)

  it("keeps what a traveller did on a date that has not come at home", function()
    local far = activity("auckland", NOON - 30 * MINUTE, 600)
    far.start_date_local = live.iso(NOON + 13 * HOUR - 30 * MINUTE):gsub("Z$", "")
    local h = connected { activities = {} }
    server.control { set = { intervals = { activities = { far } } } }
    sync(h, NOON + 14 * HOUR) -- now it is listed
    expect(workouts(h)["Ride auckland"] ~= nil).is_true()
    for k = 1, 3 do -- a window that ends with the 10th does not list it
      at(h, NOON + k * 20 * MINUTE, "sync")
    end
    expect(workouts(h)["Ride auckland"] ~= nil).is_true()
    finish(h)
  end)
end)

describe("pages", function()
  local h = flow.home("UTC")
  local list = {}

  it("that are short or empty at the end are all read, and a middle one that fails is no end", function()
    local now = os.time() * 1000
    for i = 1, 230 do
      list[i] = live.ride(1000 + i, now - i * 40 * MINUTE, 1200)
    end
    server.control { reset = true, set = { strava = { activities = list, short_pages = 3 } } }
    server.control { fail = { path = "/api/v3/athlete/activities", how = "truncated", skip = 1 } }
    local r = live.strava(h, server)
    expect(r.code).equals(4) -- connected, but the first sync did not get through
    expect(live.ledger(h, "strava", "activities")[live.day(now - DAY)]).equals("failed")
    expect(h.run("sync").code).equals(0)
    expect(#h.json("records", "workout", "last 14d")).equals(230)
    expect(live.ledger(h, "strava", "activities")[live.day(now - DAY)]).equals("received")
    local log = server.requests("/api/v3/athlete/activities")
    expect(log[#log].query.page).equals("5") -- 345 places: the fifth page is empty
  end)

  it("of hundreds change nothing the second time", function()
    local before = h.dump()
    expect(h.run("sync").code).equals(0)
    expect(flow.difference(before, h.dump())).equals("")
    h.remove()
    server.stop()
  end)
end)

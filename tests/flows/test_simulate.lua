-- SPDX-License-Identifier: MIT
-- syncwell simulate: stored days played forward through the rules in a copy; nothing is sent, nothing changes.
local flow = require("flow")

local NOW = "2025-01-10T12:00:00Z"

local function rule(h, name, text)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), 'local sw = require "syncwell"\nreturn sw.rule { title = "T", '
    .. text .. "\n}\n")
end

local function workout(h, day, hour)
  flow.write(h.dir .. "/w.gpx", ([[<gpx version="1.1" creator="t"><trk><name>%d</name><type>running</type><trkseg>
<trkpt lat="50.0" lon="8.0"><time>2025-01-%02dT%02d:00:00Z</time></trkpt>
<trkpt lat="50.01" lon="8.0"><time>2025-01-%02dT%02d:30:00Z</time></trkpt></trkseg></trk></gpx>]]):format(day * 100 + hour, day, hour,
    day, hour))
  h.ok("--now", NOW, "import", h.dir .. "/w.gpx")
end

-- "03 08:30 nap fires" ...
local function told(h, ...)
  local list = {}
  for i, e in ipairs(h.json("--now", NOW, "simulate", ...)) do
    local more = e.what == "action" and (e.args.text or e.action) or e.what == "held" and e.why or nil
    list[i] = ("%s %s %s"):format(e.at:sub(9, 16):gsub("T", " "), e.rule, e.what) .. (more and " " .. more or "")
  end
  return list
end

describe("syncwell simulate", function()
  it("shows what would fire, wait and be held, each at its time, and does none of it", function()
    local h = flow.home("UTC")
    workout(h, 3, 8)
    workout(h, 3, 12)
    rule(h, "nap", [[on = sw.event "workout.created", cooldown = "1d", uses = { "notify" },
      run = function(w, ctx) ctx.sleep "2h" ctx.notify "rested" end]])
    h.ok("--now", NOW, "run", "--once")
    local before = h.dump()
    expect(told(h, "--from", "2025-01-02", "--days", "3")).equals { "03 08:30 nap fires", "03 08:30 nap waits",
      "03 10:30 nap action rested", "03 12:30 nap held cooldown" }
    local text = h.ok("--now", NOW, "simulate", "--from", "2025-01-02", "--days", "3").out
    expect(text).contains("2025-01-03\n  08:30  nap")
    expect(text).contains("until 2025-01-03 10:30")
    expect(h.dump()).equals(before)
    expect(flow.read(h.dir .. "/notifications.log")).is_nil()
    h.remove()
  end)

  it("plays all that is stored, each time, also where copying the store takes a while", function()
    local dir = flow.temp()
    expect(flow.sh(("%s demo --keep %s/d"):format(flow.quote(flow.binary), dir)).code).equals(0)
    local top = flow.sh(("%s --home %s/d/home --json rules top"):format(flow.quote(flow.binary), dir)).out
    expect(#sw.json.decode(top)).equals(3) -- what the demo ran is counted
    for _ = 1, 12 do
      local r = flow.sh(("%s --home %s/d/home simulate"):format(flow.quote(flow.binary), dir))
      expect(r.code).equals(0)
      expect(r.out).contains "weekly_summary     fires"
    end
    sw.fs.remove_tree(dir)
  end)

  it("shows a rule what was known then: not the steps of the evening, not the weight of tomorrow", function()
    local h = flow.home("UTC")
    for day = 1, 6 do
      h.ok("--now", NOW, "log", "water", "500", ("2025-01-%02d 09:00"):format(day))
      h.ok("--now", NOW, "log", "water", "700", ("2025-01-%02d 20:00"):format(day))
      h.ok("--now", NOW, "log", "weight", tostring(85 + day), ("2025-01-%02d 07:00"):format(day))
    end
    rule(h, "noon", [[on = sw.at "12:00", uses = { "notify" },
      run = function(_, ctx) ctx.notify(("%.0f ml"):format(ctx.series("water", { last = "1d" }).sum())) end]])
    rule(h, "heavy", [[on = sw.threshold { "weight", enter = ">88", lasting = "2d" }, uses = { "notify" },
      run = function(w, ctx) ctx.notify("since two days, " .. w.value) end]])
    expect(told(h, "--from", "2025-01-04", "--days", "2")).equals { "04 12:00 noon fires", "04 12:00 noon action 500 ml",
      "05 07:00 heavy fires", "05 07:00 heavy action since two days, 90", "05 12:00 noon fires", "05 12:00 noon action 500 ml" }
    h.remove()
  end)

  it("plays events that did not happen, also in days to come, and only the rules that are named", function()
    local h = flow.home("UTC")
    rule(h, "long", [[on = sw.event { "workout.created", sport = "running" }, uses = { "notify" },
      when = function(w) return w.elapsed > "60min" end, run = function(w, ctx) ctx.notify("long " .. w.elapsed_s) end]])
    rule(h, "other", [[on = sw.at "08:00", uses = { "notify" }, run = function(w, ctx) ctx.notify "x" end]])
    local file = flow.write(h.dir .. "/events.json", [[{"event":"workout.created","at":"2025-01-11T09:00:00Z","sport":"running","elapsed_s":4000}
{"event":"workout.created","at":"2025-01-11T10:00:00Z","sport":"running","elapsed_s":3000}
{"event":"workout.created","at":"2025-01-11T12:00:00Z","sport":"cycling","elapsed_s":5000}
]])
    expect(told(h, "long", "--from", "2025-01-10", "--days", "3", "--event", file)).equals { "11 09:00 long fires",
      "11 09:00 long action long 4000" }
    local r = h.run("--now", NOW, "simulate", "lonk")
    expect(r.code).equals(2)
    expect(r.err).contains("did you mean 'long'?")
    expect(told(h, "hydrate", "--from", "2025-01-10", "--days", "3", "--event", file)[1]).contains("hydrate fires")
    for _, one in ipairs(h.json("rules", "list")) do
      expect(one.state == "on").equals(not one.shipped)
    end
    h.remove()
  end)

  it("plays a rule that is named as it is set, and says why one cannot be played", function()
    local h = flow.home("UTC")
    local source = [[params = { min = sw.duration { default = "60min" } }, on = sw.event "workout.created", uses = { "notify" },
      when = function(w, ctx) return w.elapsed > ctx.params.min end, run = function(w, ctx) ctx.notify("long " .. w.elapsed_s) end]]
    rule(h, "hydrate", source)
    local file = flow.write(h.dir .. "/events.json",
      '{"event":"workout.created","at":"2025-01-11T09:00:00Z","sport":"running","elapsed_s":3000}\n')
    local function played(name)
      return #told(h, name, "--from", "2025-01-10", "--days", "3", "--event", file)
    end
    expect(played "hydrate").equals(0)
    os.remove(h.dir .. "/rules/automations/hydrate.lua")
    h.ok("rules", "install", "hydrate", "--set", "min=45min")
    h.ok("rules", "remove", "hydrate")
    rule(h, "hydrate", source)
    expect(played "hydrate").equals(2)
    rule(h, "broken", [[on = sw.at "25:00", run = function() end]])
    local r = h.run("--now", NOW, "simulate", "broken")
    expect(r.code).equals(1)
    expect(r.err).contains("a day has the times 00:00 to 23:59")
    h.remove()
  end)

  it("names the line of an event that could not come, and what is wrong with it", function()
    local h = flow.home("UTC")
    for line, says in pairs {
      ['{"event":"workout.craeted","at":"2025-01-09T09:00:00Z"}'] = "did you mean 'workout.created'?",
      ['{"event":"workout.created","at":"2025-01-09T09:00:00Z","elapsed_s":1e300}'] = "elapsed_s is a number of seconds",
      ['{"event":"sleep.created","at":"2025-01-09T09:00:00Z","asleep_s":-5}'] = "asleep_s is a number of seconds",
      ['{"event":"workout.created","at":"2025-01-09T09:00:00Z","elapsed_s":"x"}'] = "elapsed_s is a number of seconds",
      ['{"event":"workout.created","at":"2025-01-09T09:00:00Z","sport":5}'] = "sport is a text",
    } do
      local file = flow.write(h.dir .. "/e.json", '{"event":"sleep.created","at":"2025-01-09T08:00:00Z"}\n' .. line .. "\n")
      local r = h.run("--now", NOW, "simulate", "--event", file)
      expect(r.code).equals(1)
      expect(r.err).contains("e.json:2: ")
      expect(r.err).contains(says)
    end
    h.remove()
  end)

  it("asks no host: the rule is told so", function()
    local h = flow.home("UTC")
    rule(h, "ask", [[on = sw.at "08:00", uses = { "notify", "http:api.example" },
      run = function(w, ctx)
        local r, why = ctx.http.request { url = "https://api.example/x" }
        ctx.notify(r and "answered" or why)
      end]])
    expect(told(h, "--from", "2025-01-09", "--days", "1")).equals { "09 08:00 ask fires", "09 08:00 ask action http.request",
      "09 08:00 ask action nothing is sent in a simulation" }
    h.remove()
  end)
end)

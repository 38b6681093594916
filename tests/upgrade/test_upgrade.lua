-- SPDX-License-Identifier: MIT
-- A home that an earlier version made and was killed over, taken on by this one: what waits goes on, data and
-- choices stay, the earlier version then keeps its hands off.
--   ./run upgrade REVISION      (tests/upgrade.sh builds it; SW_OLD is its program)
local flow = require("flow")
local live = require("live")

local NEW, OLD = flow.binary, assert(os.getenv("SW_OLD"), "SW_OLD names the program of the earlier version")

local function rule(h, name, text)
  flow.write(("%s/rules/automations/%s.lua"):format(h.dir, name), 'local sw = require "syncwell"\nreturn sw.rule {\n'
    .. text .. "\n}\n")
end

-- A home made by the earlier version.
local function home()
  flow.binary = OLD
  return flow.home("UTC")
end

local function notes(h)
  local list = {}
  for line in (flow.read(h.dir .. "/notifications.log") or ""):gmatch("[^\n]+") do
    list[#list + 1] = line:match("T(%d%d:%d%d)") .. " " .. line:match("^%S+%s+(.-)%s+%[%x+%]$")
  end
  table.sort(list)
  return list
end

-- What the earlier dump says that the later one does not say as well; what is said besides is no loss.
local function lost(before, after)
  local later, out = {}, {}
  for line in after:gmatch("[^\n]+") do
    later[#later + 1] = sw.json.decode(line)
  end
  local i = 0
  for line in before:gmatch("[^\n]+") do
    i = i + 1
    for name, value in pairs(sw.json.decode(line)) do
      if sw.json.encode { later[i] and later[i][name] } ~= sw.json.encode { value } then
        out[#out + 1] = ("line %d: %s was %s"):format(i, name, sw.json.encode { value })
      end
    end
  end
  return i == #later and table.concat(out, "\n", 1, math.min(#out, 5)) or ("%d lines of %d"):format(#later, i)
end

local function gpx(h, day, hour)
  return flow.write(("%s/%s-%d.gpx"):format(h.dir, day, hour), ([[<gpx version="1.1" creator="t"><trk><name>r</name><type>running</type><trkseg>
<trkpt lat="50.0" lon="8.0"><ele>100</ele><time>%sT%02d:00:00Z</time></trkpt>
<trkpt lat="50.01" lon="8.0"><ele>104</ele><time>%sT%02d:30:00Z</time></trkpt></trkseg></trk></gpx>]]):format(day, hour, day, hour))
end

describe("a home of an earlier version", function()
  it("goes on with what waits: a sleep, and an event that comes under the new one", function()
    local h = home()
    rule(h, "nap", [[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx) ctx.notify("one " .. math.random(1000000)) ctx.sleep "2h" ctx.notify("two " .. ctx.now.hour) end]])
    rule(h, "expect", [[title = "t", on = sw.at "08:00", uses = { "notify" },
      run = function(w, ctx)
        ctx.notify "waits"
        local run = ctx.wait_for(sw.event "workout.created", { timeout = "6h" })
        ctx.notify(run and "came " .. run.sport or "nothing came")
      end]])
    h.ok("--now", "2025-01-01T00:00:00Z", "run", "--once")
    h.ok("--now", "2025-01-01T08:30:00Z", "run", "--once")
    local before = notes(h)
    expect(#before).equals(2)
    flow.binary = NEW
    h.ok("--now", "2025-01-01T09:00:00Z", "run", "--once")
    expect(notes(h)).equals(before)
    h.ok("--now", "2025-01-01T09:40:00Z", "import", gpx(h, "2025-01-01", 9))
    h.ok("--now", "2025-01-01T12:00:00Z", "run", "--once")
    local after = notes(h)
    expect(#after).equals(4)
    expect(table.concat(after, "; ")).contains("10:00 two 10")
    expect(table.concat(after, "; ")).contains("came running")
    h.remove()
  end)

  it("that was killed while rules slept loses none and repeats none", function()
    local h = home()
    rule(h, "brief", [[title = "t", on = sw.event "workout.created", uses = { "notify" },
      run = function(w, ctx) ctx.notify("begin " .. w.id) ctx.sleep "4s" ctx.notify("end " .. w.id) end]])
    local function runs()
      return live.spawn(h.command("run"))
    end
    local old, today = runs(), os.date("!%Y-%m-%d", os.time() - 86400)
    for hour = 8, 13 do
      h.ok("import", gpx(h, today, hour))
    end
    live.wait(20, function() return #notes(h) >= 6 end)
    old.kill("KILL")
    old.wait(10)
    flow.binary = NEW
    local new = runs()
    local function halves()
      local n = { begin = {}, ["end"] = {} }
      for _, line in ipairs(notes(h)) do
        local what, which = line:match("(%a+) (%S+)$")
        n[what][which] = (n[what][which] or 0) + 1
      end
      return n
    end
    live.wait(30, function()
      local n = halves()
      for which in pairs(n.begin) do
        if not n["end"][which] then
          return false
        end
      end
      return true
    end)
    expect(new.stop().code).equals(0)
    local n, begun = halves(), 0
    for which, times in pairs(n.begin) do
      begun = begun + 1
      expect({ which, times, n["end"][which] }).equals { which, 1, 1 }
    end
    expect(begun).equals(6)
    sw.sys.out(("note %d firings begun by the earlier version, each ended once\n"):format(begun))
    h.remove()
  end)

  it("keeps every line of data, every choice, and adds nothing when a file comes again", function()
    local h = home()
    for day = 1, 5 do
      h.ok("import", gpx(h, "2025-01-0" .. day, 9))
    end
    flow.write(h.dir .. "/w.csv", "time,metric,value,unit\n2025-01-01T07:00:00Z,weight,81.2,kg\n2025-01-01T12:00:00Z,steps,900,{step}\n")
    h.run("import", h.dir .. "/w.csv")
    h.ok("log", "weight", "80.9kg", "2025-01-03", "07:00")
    h.ok("records", "edit", "--where", "kind=workout day=2025-01-02", "--set", "sport=hiking")
    h.ok("rules", "install", "hydrate", "--set", "min=45min")
    local before, rules_before = h.dump(), h.json("rules", "list")
    flow.binary = NEW
    expect(lost(before, h.dump())).equals("")
    local now = {}
    for _, r in ipairs(h.json("rules", "list")) do
      now[r.name] = r
    end
    for _, r in ipairs(rules_before) do
      expect({ r.name, now[r.name] ~= nil, now[r.name] and now[r.name].enabled }).equals { r.name, true, r.enabled }
    end
    h.ok("check")
    local list = h.import(gpx(h, "2025-01-04", 9))
    expect(list[#list].total.new).equals(0)
    expect(lost(before, h.dump())).equals("")
    flow.binary = OLD
    local r = h.run("status")
    sw.sys.out(("note the earlier version says: %s\n"):format((r.err:match("[^\n]+") or r.out:match("[^\n]+") or "")))
    flow.binary = NEW
    h.ok("check")
    h.remove()
  end)
end)

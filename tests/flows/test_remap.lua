-- SPDX-License-Identifier: MIT
-- Mapping again without the network: the new script's reading replaces the old one's, what it drops goes, a kill
-- changes nothing of the end, a second run adds nothing, and undo gives all of it back.
local connections = require("connections")
local flow = require("flow")
local home = require("home")
local ingest = require("jobs.ingest")
local live = require("live")
local post = require("post")
local replay = require("replay_server")

local HOUR, DAY = 3600000, 86400000
local KEY = "key-of-a-remap"
local SHIPPED = flow.read(flow.root .. "/providers/intervals-icu.lua"):gsub("{ 60, per", "{ 60000, per")

-- The script changed: each pair is a text of it and what stands there instead.
local function script(...)
  local text = SHIPPED
  for _, pair in ipairs { ... } do
    local at, stop = text:find(pair[1], 1, true)
    assert(at, "the script has no " .. pair[1])
    text = text:sub(1, at - 1) .. pair[2] .. text:sub(stop + 1)
  end
  return text
end

local KM = { 'sw.metres "distance"', 'sw.km "distance"' }
local SKIP = { 'item.source == "STRAVA"', 'item.source == "STRAVA" or item.name == "Ride i2"' }
local NO_STEPS = { 'steps = "steps", ', "" }
local NO_PULSE = { ', heart_rate = "heartrate"', "" }
local FASTING = { 'resting_heart_rate = "restingHR"', 'resting_heart_rate = "other"' }
local LATER = { 'start = sw.first { sw.iso "start_date", sw.wall "start_date_local" }', 'start = sw.wall "start_date_local"' }

local function days_ago(n)
  return (os.time() // 86400 - n) * DAY + 9 * HOUR
end

local function activity(i)
  local start = days_ago(6) + i * 3 * HOUR
  return { id = "i" .. i, name = "Ride i" .. i, type = "Ride", start_date = live.iso(start),
    start_date_local = live.iso(start + 2 * HOUR):gsub("Z$", ""), elapsed_time = 3600, moving_time = 3600, distance = 20000 + i,
    calories = 500, average_heartrate = 140.0, device_name = "Edge" }
end

local function write(h, text)
  flow.write(h.dir .. "/providers/intervals-icu.lua", text)
end

local function played(n)
  local server, list, streams, wellness = replay.start(), {}, {}, {}
  for i = 1, n do
    list[i] = activity(i)
    streams["i" .. i] = { time = { 0, 60, 120 }, heartrate = { 100 + i, 120, 130 } }
  end
  for d = 1, 5 do
    wellness[d] = { id = live.day(days_ago(d)), steps = 9000 + d, restingHR = 50 + d, other = 40 + d, weight = 80 + d / 10 }
  end
  server.control { set = { intervals = { key = KEY, activities = list, streams = streams, wellness = wellness } } }
  return server
end

-- A home that read all of it by `text`; then nothing answers any more.
local function filled(n, text)
  local server, h = played(n), flow.home("UTC")
  write(h, text or script())
  local r = flow.sh(("printf '%%s\\n' %s | %s"):format(KEY, h.command("connect", "intervals-icu", "--base-url", server.url)))
  assert(r.code == 0, r.err .. r.out)
  h.ok("run", "--once")
  server.stop()
  h.ok("connections", "pause", "intervals-icu")
  return h
end

-- A dump without what a way of its own leaves: revisions, tombstones, origins that are empty now, the script.
local function data(h)
  local lines = {}
  for line in h.dump():gmatch("[^\n]+") do
    local made = line:find('"table":"origin"', 1, true) or line:find('"state":"deleted"', 1, true) or line:find('"n":0', 1, true)
    if not made then
      lines[#lines + 1] = line:gsub('"revision":%d+', '"revision":0'):gsub('"connection":%d+,"external', '"connection":0,"external')
    end
  end
  return table.concat(lines, "\n")
end

local function copy(h)
  local c = setmetatable({ dir = flow.temp() }, { __index = h })
  flow.sh(("cp -r %s/. %s/"):format(h.dir, c.dir))
  for _, name in ipairs { "command", "run", "ok", "json", "dump" } do
    c[name] = function(...)
      local dir = h.dir
      h.dir = c.dir
      local r = table.pack(pcall(h[name], ...))
      h.dir = dir
      if not r[1] then
        error(r[2], 2)
      end
      return table.unpack(r, 2, r.n)
    end
  end
  return c
end

local function day(h, metric)
  local r = h.json("query", metric, "--from", live.day(days_ago(2)), "--to", live.day(days_ago(2)))[1]
  return r and r.value
end

describe("remap", function()
  it("gives what a first sync by the new script would have given, without the network", function()
    local h, wanted = filled(4), filled(4, script(KM, SKIP, NO_STEPS, NO_PULSE, FASTING))
    expect(day(h, "steps")).equals(9002)
    write(h, script(KM, SKIP, NO_STEPS, NO_PULSE, FASTING))
    local o = h.json("remap")[1]
    expect(o.failed).equals(0)
    expect(o.by.workout).equals { new = 0, updated = 3, removed = 1, rejected = 0 }
    expect(o.by.steps.removed).equals(5)
    expect(o.by.heart_rate.removed).equals(12)
    expect(o.by.resting_heart_rate.updated).equals(5)
    expect(day(h, "steps")).is_nil()
    expect(day(h, "resting_heart_rate")).equals(42)
    expect(h.json("records", "workout")[1].attributes.distance_m).equals(20001000)
    expect(flow.difference(data(wanted), data(h))).equals("")
    expect(h.run("check").code).equals(0)
    h.remove()
    wanted.remove()
  end)

  it("moves streams with their record", function()
    local h, wanted = filled(2), filled(2, script(LATER))
    write(h, script(LATER))
    h.ok("remap")
    expect(flow.difference(data(wanted), data(h))).equals("")
    write(h, script())
    h.ok("remap")
    expect(flow.difference(data(filled(2)), data(h))).equals("")
    h.remove()
    wanted.remove()
  end)

  it("says what would change and changes nothing with --dry-run", function()
    local h = filled(3)
    write(h, script(KM, NO_STEPS))
    h.ok("remap", "--dry-run") -- loads the script
    local before = h.ok("dump", "--all").out
    local o = h.json("remap", "--dry-run")[1]
    expect(o.by.workout.updated).equals(3)
    expect(o.by.steps.removed).equals(5)
    expect(flow.difference(before, h.ok("dump", "--all").out)).equals("")
    local said = h.ok("remap", "--dry-run").out
    expect(said).contains("nothing was written")
    expect(said).contains("workout 3 updated")
    h.remove()
  end)

  it("adds nothing the second time, and leaves no run to take back", function()
    local h = filled(3)
    write(h, script(KM))
    h.ok("remap")
    local before, runs = h.dump(), #h.json("undo")
    local o = h.json("remap")[1]
    expect(o.new + o.updated + o.removed).equals(0)
    expect(o.answers > 3).is_true()
    expect(flow.difference(before, h.dump())).equals("")
    expect(#h.json("undo")).equals(runs)
    h.remove()
  end)

  it("is taken back by undo, and can be done again", function()
    local h = filled(3)
    local before = data(h)
    write(h, script(KM, SKIP, NO_STEPS, NO_PULSE, FASTING))
    local o = h.json("remap")[1]
    local after = data(h)
    expect(after ~= before).is_true()
    local r = h.json("undo", "--last")
    expect(r.run).equals(o.run)
    expect(r.what).equals("remap")
    expect(r.kept).equals(0)
    expect(flow.difference(before, data(h))).equals("")
    h.ok("remap")
    expect(flow.difference(after, data(h))).equals("")
    expect(h.run("check").code).equals(0)
    h.remove()
  end)

  it("killed at any point and started again comes to the same end", function()
    local h = filled(30)
    write(h, script(KM, SKIP, NO_STEPS, NO_PULSE, FASTING))
    local calm, kills = copy(h), 0
    calm.ok("remap")
    local wanted = calm.dump()
    for round = 1, 6 do
      local c = copy(h)
      for _ = 1, 20 do
        local r = flow.sh(("%s & pid=$!; sleep %.3f; kill -KILL $pid 2>/dev/null; wait $pid 2>/dev/null"):format(c.command("remap"),
          0.05 + (round * 37 + kills * 53) % 130 / 1000))
        kills = kills + 1
        if r.out:find("mapped again", 1, true) then
          break
        end
      end
      c.ok("remap")
      expect(flow.difference(wanted, c.dump())).equals("")
      sw.fs.remove_tree(c.dir)
    end
    sw.sys.out(("     %d kills\n"):format(kills))
    sw.fs.remove_tree(calm.dir)
    h.remove()
  end)

  it("has explain show what the service said of a record", function()
    local h = filled(2)
    local r = h.json("records", "workout")[1]
    local came = h.json("explain", r.id).came
    expect(#came).equals(1)
    expect(came[1].item.device_name).equals("Edge")
    expect(came[1].item.id).equals("i1")
    expect(came[1].resource).equals("activities")
    expect(h.ok("explain", r.group).out).contains("as intervals-icu gave it (activities, fetched 20")
    h.remove()
  end)

  it("keeps to the resource and the days that were named", function()
    local h = filled(2)
    write(h, script(KM, NO_STEPS))
    local o = h.json("remap", "intervals-icu", "--resource", "wellness")[1]
    expect(o.by.workout).is_nil()
    expect(o.by.steps.removed).equals(5)
    expect(h.json("remap", "--resource", "activities", "--since", "tomorrow")[1].answers).equals(0)
    expect(h.run("remap", "--since", "whenever").code).equals(2)
    expect(h.run("remap", "nobody").code).equals(2)
    h.remove()
  end)

  it("leaves what a broken script cannot read as it is, and says why", function()
    local h = filled(2)
    local before = h.dump()
    write(h, script({ "skip = function(item)", "skip = function(item) error(item.nothing.at_all)" }))
    local r = h.run("remap")
    expect(r.code).equals(4)
    expect(r.out).contains("stumbles over what it read before")
    expect(flow.difference(before, h.dump())).equals("")
    write(h, script({ "    wellness = {", "    wellbeing = {" }))
    r = h.run("remap")
    expect(r.code).equals(4)
    expect(r.out).contains("no longer reads 'wellness'")
    expect(flow.difference(before, h.dump())).equals("")
    h.remove()
  end)
end)

describe("a posted document", function()
  it("goes with its page: a script that kept it is told so, and the post stays for later", function()
    local h, outcomes = flow.home("UTC"), {}
    flow.write(h.dir .. "/providers/keeper.lua", [[local sw = require "syncwell"
local kept = {}
return sw.provider { id = "keeper", title = "Keeper", metrics = { "note" },
  policy = { share = true, aggregate = true, llm = true },
  posts = function(doc, out)
    local before = kept[1]
    kept[1] = doc
    out.record { kind = "note", id = doc.id, start = doc.at, attributes = { text = before and before.id or "none" } }
  end }
]])
    h.ok("connect", "keeper")
    local ctx = assert(home.open({ home = h.dir }, true))
    local c = assert(connections.find(ctx, "keeper"))
    sw.fs.mkdir(h.dir .. "/inbox")
    for i = 1, 2 do
      local file = ("%d-note%d"):format(c.id, i)
      flow.write(h.dir .. "/inbox/" .. file, sw.json.encode { id = "n" .. i, at = days_ago(i) })
      outcomes[i] = ingest.run(ctx, { id = i, payload = { connection = c.id, file = file, kind = "posted" } }) or {}
    end
    expect(outcomes[1].new).equals(1)
    expect(outcomes[2].new).is_nil()
    local shown = h.ok("connections", "show", "keeper").out
    expect(shown).contains("providers/keeper.lua:8: this answer went with its page: keep its values")
    expect(shown).contains("kept in inbox/" .. c.id .. "-note2")
    h.remove()
  end)
end)

describe("remap of posted documents", function()
  local POSTS = [[local sw = require "syncwell"
return sw.provider { id = "poster", title = "Poster", metrics = { "weight", "steps", "note" },
  policy = { share = true, aggregate = true, llm = true },
  posts = function(doc, out)
    for _, item in ipairs(doc.items) do
      out.record { kind = "note", id = item.id, start = item.at * 1000, attributes = { text = item.FIELD } }
      out.day(item.day, "steps", item.steps * FACTOR)
    end
  end }
]]

  local function source(field, factor)
    return (POSTS:gsub("FIELD", field):gsub("FACTOR", factor))
  end

  it("reads them again in the order in which they came", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/providers/poster.lua", source("short", 1))
    h.ok("connect", "poster")
    local ctx = assert(home.open { home = h.dir })
    local c = assert(connections.find(ctx, "poster"))
    local on = live.day(days_ago(2))
    for i, steps in ipairs { 5000, 9000, 1000 } do -- the last is a truncated day: doubted, as it was then
      assert(post.keep(ctx, c.id, sw.json.encode { items = { { id = "n1", at = days_ago(2) // 1000, day = on, steps = steps,
        short = "short " .. i, long = "long " .. i } } }))
      h.ok("run", "--once")
      sw.sys.sleep(5)
    end
    local function steps()
      return h.json("query", "steps", "--from", on, "--to", on)[1].value
    end
    expect(steps()).equals(9000)
    flow.write(h.dir .. "/providers/poster.lua", source("long", 2))
    local o = h.json("remap")[1]
    expect({ o.answers, o.failed }).equals { 3, 0 }
    expect(steps()).equals(18000)
    expect(h.json("records", "note")[1].attributes.text).equals("long 3")
    expect(#h.json("records", "note")).equals(1)
    expect(h.json("explain", h.json("records", "note")[1].id).came[1].item.short).equals("short 3")
    h.ok("undo", "--last")
    expect(steps()).equals(9000)
    expect(h.json("records", "note")[1].attributes.text).equals("short 3")
    h.remove()
  end)
end)

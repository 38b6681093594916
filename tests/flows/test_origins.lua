-- SPDX-License-Identifier: MIT
-- What a person says of devices and apps: which is believed first, and which are one.
local flow = require("flow")
local homes = require("home")

local DAY = sw.time.parse("2026-03-01T00:00:00Z")

-- A home of a watch and a phone that count the same steps differently all day, hour by hour.
local function two(h)
  local ctx = assert(homes.open({ home = h.dir, zone = "UTC" }, true))
  local t = homes.txn(ctx)
  t:origin { provider = "test", name = "Watch", maker = "acme", kind = "watch" }
  t:origin { provider = "test", name = "Phone", maker = "acme", kind = "phone" }
  local made = assert(t:commit())
  t = homes.txn(ctx)
  for i, per_hour in ipairs { 1000, 700 } do
    local rows = {}
    for hour = 8, 17 do
      rows[#rows + 1] = { DAY + hour * 3600000, 3600000, per_hour, 0 }
    end
    t:samples("steps", made[i], rows)
  end
  t:samples("heart_rate", made[1], { { DAY + 8 * 3600000, 0, 60, 0 } })
  t:samples("heart_rate", made[2], { { DAY + 8 * 3600000, 0, 90, 0 } })
  assert(t:commit())
end

local function day(h, metric)
  local rows = h.json("query", metric, "--from", "2026-03-01", "--to", "2026-03-01")
  return rows[1] and rows[1].value
end

local function fresh(f)
  return function()
    local h = flow.home("UTC")
    two(h)
    f(h)
    h.remove()
  end
end

local function refused(h, code, ...)
  local r = h.run(...)
  expect(r.code).equals(code)
  return r.err
end

describe("the order of origins", function()
  it("is by class until a person says another, for one metric or for all", fresh(function(h)
    expect(day(h, "steps")).equals(10000)
    h.ok("origins", "rank", "Phone", "--for", "steps")
    expect(day(h, "steps")).equals(7000)
    expect(day(h, "heart_rate")).equals(60)
    h.ok("origins", "rank", "phone")
    expect(day(h, "heart_rate")).equals(90)
    h.ok("origins", "rank", "Watch", "Phone", "--for", "steps")
    expect(day(h, "steps")).equals(10000)
    h.ok("origins", "unrank")
    expect(day(h, "heart_rate")).equals(60)
    h.ok("origins", "unrank", "--for", "steps")
    expect(day(h, "steps")).equals(10000)
    h.ok("check")
  end))

  it("may be another one in a part of each day, over midnight too", fresh(function(h)
    h.ok("origins", "rank", "Phone", "--for", "steps", "--from", "12:00", "--to", "16:00")
    expect(day(h, "steps")).equals(6 * 1000 + 4 * 700)
    h.ok("origins", "rank", "Phone", "--for", "steps", "--from", "16:00", "--to", "09:00")
    expect(day(h, "steps")).equals(3 * 1000 + 7 * 700)
    h.ok("check")
    h.ok("origins", "unrank", "--for", "steps", "--from", "12:00", "--to", "16:00")
    expect(day(h, "steps")).equals(7 * 1000 + 3 * 700)
    expect(h.json("origins")[2].rank or h.json("origins")[1].rank).equals("1 for steps from 16:00 to 09:00")
    h.ok("origins", "unrank", "--for", "steps", "--from", "16:00", "--to", "09:00")
    expect(day(h, "steps")).equals(10000)
  end))

  it("cuts what lies on the edge of a part, so that nothing counts twice or not at all", fresh(function(h)
    h.ok("origins", "rank", "Phone", "--for", "steps", "--from", "12:30", "--to", "13:15")
    expect(day(h, "steps")).equals(10000 - 0.75 * 300)
    h.ok("origins", "rank", "Phone", "Watch", "--from", "08:00", "--to", "08:01")
    expect(day(h, "heart_rate")).equals(90)
    expect(day(h, "steps")).equals(10000 - 0.75 * 300 - 5)
    h.ok("check")
  end))

  it("lets no total of a whole day speak against a part that was asked of another", fresh(function(h)
    local ctx = assert(homes.open({ home = h.dir, zone = "UTC" }, true))
    local t = homes.txn(ctx)
    t:day_total("steps", DAY // 86400000, { provider = "test", name = "Watch", maker = "acme", kind = "watch" }, 12000)
    assert(t:commit())
    homes.settle(ctx)
    expect(day(h, "steps")).equals(12000)
    h.ok("origins", "rank", "Phone", "--for", "steps", "--from", "12:00", "--to", "16:00")
    expect(day(h, "steps")).equals(6 * 1000 + 4 * 700)
  end))

  it("refuses a part that is none, or that overlaps another, with a sentence", fresh(function(h)
    expect(refused(h, 2, "origins", "rank", "Phone", "--from", "22:00")).contains("give both --from and --to")
    expect(refused(h, 2, "origins", "rank", "Phone", "--from", "25:00", "--to", "07:00")).contains("'25:00' is no time")
    expect(refused(h, 2, "origins", "rank", "Phone", "--from", "7:00", "--to", "07:00")).contains("no length")
    expect(refused(h, 2, "origins", "rank", "Phone", "--for", "sleep", "--from", "22:00", "--to", "07:00"))
      .contains("is of whole pieces")
    h.ok("origins", "rank", "Phone", "--for", "steps", "--from", "22:00", "--to", "07:00")
    expect(refused(h, 1, "origins", "rank", "Watch", "--for", "steps", "--from", "06:00", "--to", "12:00"))
      .contains("22:00 to 07:00 is ranked already and overlaps: unrank it first")
  end))

  it("in a part of the day cuts no sample where it decides nothing: the same day whoever shows it", fresh(function(h)
    h.import(flow.write(h.dir .. "/late.jsonl", '{"line":"syncwell","version":1,"zone":"UTC"}\n'
      .. '{"line":"origin","id":"1","provider":"file","name":"Ring","maker":"","class":"ring"}\n'
      .. '{"line":"samples","origin":"1","metric":"steps","unit":"{step}","at":[["2026-03-05T21:30:00+00:00",3600000,90]]}\n'))
    h.ok("origins", "rank", "Ring", "--from", "22:00", "--to", "07:00")
    h.ok("origins", "rank", "Phone", "--for", "steps", "--from", "22:15", "--to", "23:00") -- of which nothing came that day
    local one = { "--from", "2026-03-05", "--to", "2026-03-05" }
    local row, hours = h.json("query", "steps", table.unpack(one))[1], h.json("query", "steps", "--every", "hour", table.unpack(one))
    expect({ row.n, row.min, row.value }).equals { 1, 90, 90 }
    expect({ #hours, hours[1].n, hours[1].min }).equals { 1, 1, 90 }
    expect(#h.json("explain", "steps", "2026-03-05").intervals).equals(1)
  end))

  it("shows in the list and in what explains a day", fresh(function(h)
    h.ok("origins", "rank", "Phone", "--for", "steps")
    local list = h.json("origins")
    expect(#list).equals(2)
    for _, o in ipairs(list) do
      expect(o.rank).equals(o.name == "Phone" and "1 for steps" or nil)
    end
    expect(h.ok("explain", "steps", "2026-03-01").out).contains("Phone")
  end))

  it("refuses what it does not know with a sentence", fresh(function(h)
    expect(refused(h, 2, "origins", "rank", "Watch", "Phone", "watch")).contains("'watch' is named twice")
    expect(refused(h, 2, "origins", "rank", "Wach")).contains("did you mean 'Watch'?")
    expect(refused(h, 2, "origins", "rank", "Watch", "--for", "stepps")).contains("did you mean 'steps'?")
    expect(refused(h, 2, "origins", "merge", "Watch")).contains("needs two origins")
    expect(refused(h, 1, "origins", "merge", "Watch", "Watch")).contains("itself already")
  end))
end)

describe("two origins that are one", function()
  it("have their samples together, one a time, and what comes later goes to the one", fresh(function(h)
    h.ok("origins", "merge", "Phone", "Watch")
    expect(day(h, "steps")).equals(10000)
    expect(day(h, "heart_rate")).equals(60)
    expect(#h.json("origins")).equals(1)
    local ctx = assert(homes.open({ home = h.dir, zone = "UTC" }, true))
    local t = homes.txn(ctx)
    t:origin { provider = "test", name = "Phone", maker = "acme", kind = "phone" }
    local made = assert(t:commit())
    t = homes.txn(ctx)
    t:samples("steps", made[1], { { DAY + 20 * 3600000, 3600000, 50, 0 } })
    assert(t:commit())
      expect(day(h, "steps")).equals(10050)
    expect(#h.json("origins")).equals(1)
    h.ok("check")
  end))

  it("have their days alone where only the one that went was there", fresh(function(h)
    h.ok("origins", "merge", "Watch", "Phone")
    expect(day(h, "steps")).equals(7000)
    expect(day(h, "heart_rate")).equals(90)
    h.ok("check")
  end))
end)

describe("an export", function()
  local function taken(h)
    local other, path = flow.home("UTC"), h.dir .. "/all.jsonl"
    h.ok("export", "json", "--out", path)
    return other, path
  end

  it("brings along which origin is believed first in a part of the day", fresh(function(h)
    h.ok("origins", "rank", "Phone", "--for", "steps", "--from", "16:00", "--to", "09:00")
    local other, path = taken(h)
    other.ok("import", path)
    expect(day(other, "steps")).equals(7 * 1000 + 3 * 700)
    other.remove()
  end))

  it("brings along which origin is believed first", fresh(function(h)
    h.ok("origins", "rank", "Phone", "Watch", "--for", "steps")
    h.ok("origins", "rank", "Phone")
    local other, path = taken(h)
    other.ok("import", path)
    expect({ day(other, "steps"), day(other, "heart_rate") }).equals { 7000, 90 }
    expect(flow.read(path)).equals((function()
      other.ok("export", "json", "--out", path .. "2")
      return flow.read(path .. "2")
    end)())
    other.remove()
  end))

  it("says nothing against what is ranked where it goes", fresh(function(h)
    h.ok("origins", "rank", "Phone", "--for", "steps")
    local other, path = taken(h)
    two(other)
    other.ok("origins", "rank", "Watch", "--for", "steps")
    other.ok("import", path)
    expect(day(other, "steps")).equals(10000)
    other.remove()
  end))

  it("brings along which origin is another one, for what comes later", fresh(function(h)
    h.ok("origins", "merge", "Phone", "Watch")
    local other, path = taken(h)
    other.ok("import", path)
    expect(#other.json("origins")).equals(#h.json("origins"))
    two(other)
    expect(#other.json("origins")).equals(#h.json("origins"))
    expect(day(other, "steps")).equals(7000) -- what the phone says now is a correction of the one device
    other.ok("import", path)
    other.remove()
  end))
end)

describe("the name of an origin", function()
  it("with signs that no keyboard has is found as people type it, also in a rule", function()
    local h = flow.home("UTC")
    local name, typed = "Anna’s Apple\u{a0}Watch", "anna's apple watch"
    local function workout(i, hour)
      local start = sw.time.parse(("2025-06-10T%02d:00:00Z"):format(hour))
      return ('{"line":"record","kind":"workout","type":"running","origin":"%d","external_id":"w%d","start_ms":%d,'
        .. '"finish_ms":%d,"offset_start":0,"offset_finish":0,"day":"2025-06-10","connection":{"provider":"acme",'
        .. '"name":"main"},"attributes":{"sport":"running"},"segments":[]}\n'):format(i, i, start, start + 3000000 + i * 600000)
    end
    flow.write(h.dir .. "/rules/automations/mine.lua", ([[local sw = require "syncwell"
return sw.rule { title = "Mine", on = sw.event { "workout.created", origin = "%s" }, uses = { "notify" },
  run = function(w, ctx) ctx.notify("by " .. w.origin) end }
]]):format(typed))
    h.ok("--now", "2025-06-10T12:00:00Z", "run", "--once")
    h.ok("--now", "2025-06-10T13:00:00Z", "import", flow.write(h.dir .. "/two.jsonl",
      '{"line":"syncwell","version":1,"zone":"UTC"}\n{"line":"origin","id":"1","provider":"acme","name":"' .. name
      .. '","maker":"acme","class":"watch"}\n{"line":"origin","id":"2","provider":"acme","name":"Other",'
      .. '"maker":"acme","class":"watch"}\n' .. workout(1, 10) .. workout(2, 6)))
    h.ok("--now", "2025-06-10T13:10:00Z", "run", "--once")
    local fired = h.json("rules", "trace")
    expect(#fired).equals(1)
    expect(fired[1].actions[1].args.text).equals("by " .. name)
    expect(h.json("records", "edit", "--where", "kind=workout origin=\"" .. typed .. "\"", "--set", "title=x",
      "--dry-run").matched).equals(1)
    h.ok("origins", "rank", typed, "Other")
    expect(h.run("compare", "steps", typed, "other").err:find("there is no source", 1, true)).is_nil()
    h.remove()
  end)
end)

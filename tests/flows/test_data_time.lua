-- SPDX-License-Identifier: MIT
-- Rules in data time, one story each: travel, late data, days that are not over, triggers that are alike, plans that
-- changed. The random ones are in test_firings.lua, whose engine this is.
local homes = require("home")
local life = require("rule_life")

local MIN, HOUR, DAY = 60000, 3600000, 86400000

local function ms_of(text)
  return assert(sw.time.parse(text))
end

local function source(on, more)
  return ([[local sw = require "syncwell"
return sw.rule { title = "T", on = %s, uses = { "notify" }, %s
  run = function(w, ctx) ctx.notify(w.kind == "series" and tostring(w.day) or "planned") end }
]]):format(on, more or "")
end

-- What a rule "r" fires: lines of its key and its instant. The story ends when `days` are over.
local function fired(story)
  local start, ops = ms_of(story.start), story.ops
  table.sort(ops, function(a, b) return a.at < b.at end)
  local e = life.new { zone = story.zone, place = { 0, 0 }, goals = { steps = { target = 8000 } }, start = start,
    finish = start + (story.days or 5) * DAY, rules = { { name = "r", source = source(story.on, story.more) } }, ops = ops }
  e:live_through()
  local list = {}
  for _, line in ipairs(e:live()) do
    list[#list + 1] = line:match("^r|([^|]*|[^|]*)")
  end
  e:close()
  table.sort(list)
  return list
end

-- A value at an instant with a zone, `late` ms after it was measured.
local function value(metric, text, figure, late, minutes)
  local at, offset = sw.time.parse(text)
  return { at = at + (late or MIN), samples = { { metric, at, minutes or 0, figure, offset or 0 } } }
end

local n = 0
local function record(kind, text, minutes)
  local start, offset = sw.time.parse(text)
  n = n + 1
  local finish = start + minutes * MIN
  return { at = finish + MIN, records = { { kind = kind, id = kind:sub(1, 1) .. n, start = start, finish = finish,
    offset_start = offset, offset_finish = offset } } }
end

describe("a day of data", function()
  it("is that of a record's own place in a streak, and of a night that of waking", function()
    local late = { record("workout", "2026-05-03T20:30:00-04:00", 30), record("workout", "2026-05-04T19:00:00-04:00", 30) }
    expect(fired { zone = "Europe/Berlin", start = "2026-05-02T00:00Z", ops = late,
      on = 'sw.streak { records = "workout", lengths = { 2 } }' }).equals {
      "streak of 2 since 2026-05-03|05-04T21:59:59.999" }
    local nights = { record("sleep", "2026-05-02T23:00:00+02:00", 420), record("sleep", "2026-05-04T00:30:00+02:00", 420) }
    expect(fired { zone = "Europe/Berlin", start = "2026-05-02T00:00Z", ops = nights,
      on = 'sw.streak { records = "sleep", lengths = { 2 } }' }).equals { "streak of 2 since 2026-05-03|05-04T05:31:00" }
  end)

  it("that is ahead of the person's own zone counts as soon as it comes", function()
    expect(fired { zone = "America/New_York", start = "2026-05-02T00:00Z", days = 0.9,
      ops = { value("weight", "2026-05-03T06:00:00+12:00", 91) }, on = 'sw.threshold { "weight", enter = ">90" }' }).equals {
      "threshold weight since 2026-05-03|05-02T18:01:00" }
  end)

  it("that is not over says nothing of a load that is too little", function()
    expect(fired { zone = "UTC", start = "2026-05-02T00:00Z", days = 2.1, on = 'sw.threshold { "workout_load", enter = "<50" }',
      ops = { value("workout_load", "2026-05-02T08:00:00Z", 30), value("workout_load", "2026-05-02T18:00:00Z", 40),
        value("workout_load", "2026-05-03T08:00:00Z", 30) } }).equals {
      "threshold workout_load since 2026-05-03|05-03T23:59:59.999" }
  end)
end)

describe("an absence", function()
  it("begins when the last value ended, wherever the clock of that day was", function()
    expect(fired { zone = "Europe/Berlin", start = "2026-05-02T00:00Z", on = 'sw.absent { "steps", lasting = "2d" }',
      ops = { value("steps", "2026-05-03T13:00:00+13:00", 900, MIN, 60) } }).equals {
      "absent steps since 2026-05-03|05-05T01:00:00" }
  end)

  it("of hours is told each time, also twice a day", function()
    local ops = { value("heart_rate", "2026-05-02T06:00:00Z", 60), value("heart_rate", "2026-05-02T12:00:00Z", 60),
      value("heart_rate", "2026-05-02T14:00:00Z", 60), value("heart_rate", "2026-05-02T20:00:00Z", 60) }
    expect(fired { zone = "UTC", start = "2026-05-02T00:00Z", days = 0.9, ops = ops,
      on = 'sw.absent { "heart_rate", lasting = "4h" }' }).equals {
      "absent heart_rate since 2026-05-02T06:00:00Z|05-02T10:00:00", "absent heart_rate since 2026-05-02T14:00:00Z|05-02T18:00:00" }
  end)

  it("of what a service says of whole days begins when the day is over", function()
    expect(fired { zone = "UTC", start = "2026-05-02T00:00Z", days = 3, on = 'sw.absent { "floors", lasting = "1d" }',
      ops = { { at = ms_of("2026-05-02T22:00Z"), totals = { { "floors", 20575, 9 } } } } }).equals {
      "absent floors since 2026-05-02|05-04T00:00:00" }
  end)
end)

describe("triggers of sw.any", function()
  it("fire each for itself, though they are alike but for their figures", function()
    expect(fired { zone = "UTC", start = "2026-05-02T00:00Z", days = 0.9,
      on = 'sw.any { sw.threshold { "weight", enter = ">90" }, sw.threshold { "weight", enter = ">80" }, '
        .. 'sw.streak { metric = "weight", lengths = { 1 } }, sw.streak { metric = "steps", lengths = { 1 } } }',
      ops = { value("weight", "2026-05-02T08:00:00Z", 91), value("steps", "2026-05-02T08:00:00Z", 91) } }).equals {
      "streak (2) of 1 since 2026-05-02|05-02T08:01:00", "streak of 1 since 2026-05-02|05-02T08:01:00",
      "threshold (2) weight since 2026-05-02|05-02T08:01:00", "threshold weight since 2026-05-02|05-02T08:01:00" }
  end)
end)

describe("late data", function()
  it("older than max_age fires nothing, though its day lies within two days", function()
    local story = { zone = "UTC", start = "2026-05-02T00:00Z", more = 'max_age = "12h",',
      on = 'sw.threshold { "weight", enter = ">90" }', ops = { value("weight", "2026-05-02T08:00:00Z", 91, 29 * HOUR) } }
    expect(fired(story)).equals {}
    story.ops[1].at = story.ops[1].at - 2 * HOUR
    expect(fired(story)).equals { "threshold weight since 2026-05-02|05-02T23:59:59.999" }
  end)

  it("is held by a cooldown and a count whose firing lies behind it in time", function()
    local function two(more)
      return fired { zone = "UTC", start = "2026-05-02T00:00Z", more = more, days = 3,
        on = 'sw.any { sw.absent { "weight", lasting = "1d" }, sw.absent { "steps", lasting = "1d" } }',
        ops = { value("weight", "2026-05-02T16:00:00Z", 80), value("steps", "2026-05-02T09:00:00Z", 80, 33 * HOUR) } }
    end
    expect(#two "").equals(2)
    expect(two 'cooldown = "8h",').equals { "absent weight since 2026-05-02|05-03T16:00:00" }
    expect(#two 'cooldown = "7h",').equals(2)
    expect(two 'max_per = "1/day",').equals { "absent weight since 2026-05-02|05-03T16:00:00" }
  end)
end)

describe("debounce", function()
  it("waits until nothing new comes, whatever else makes the engine look meanwhile", function()
    local ops = { value("weight", "2026-05-02T08:00:00Z", 91) }
    for hour = 8, 20 do
      ops[#ops + 1] = value("steps", ("2026-05-02T%02d:30:00Z"):format(hour), 100)
    end
    expect(fired { zone = "UTC", start = "2026-05-02T00:00Z", days = 0.9, ops = ops, more = 'debounce = "2h",',
      on = 'sw.threshold { "weight", enter = ">90" }' }).equals { "threshold weight since 2026-05-02|05-02T10:01:00" }
  end)

  it("is over for what was calm before the next one came, though both are heard of late", function()
    expect(fired { zone = "UTC", start = "2026-05-02T00:00Z", more = 'debounce = "2h",', on = 'sw.goal { "steps", reached = false }',
      ops = { value("steps", "2026-05-02T08:00:00Z", 20, 47 * HOUR), value("steps", "2026-05-03T08:00:00Z", 40, 23 * HOUR) } })
      .equals { "goal steps 2026-05-02|05-03T01:59:59.999", "goal steps 2026-05-03|05-04T01:59:59.999" }
  end)

  it("is for the newest: what it took the place of is over", function()
    expect(fired { zone = "UTC", start = "2026-05-02T00:00Z", more = 'debounce = "2h",', on = 'sw.milestone { "water", totals = '
      .. '{ 100, 500 } }', ops = { value("water", "2026-05-02T08:00:00Z", 200), value("water", "2026-05-02T09:00:00Z", 400),
        value("water", "2026-05-02T15:00:00Z", 10) } }).equals { "milestone water 500|05-02T11:01:00" }
  end)
end)

describe("a planned time", function()
  local function planned(change)
    change.at, change.samples = ms_of("2026-05-02T20:00Z"), {}
    return fired { zone = "UTC", start = "2026-05-02T00:00Z", days = 2, on = 'sw.at "07:00"', ops = { change } }
  end

  it("that was planned before the rule was edited is let go", function()
    expect(planned { rule = { name = "r", source = source('sw.at "09:00"') } }).equals {
      "05-02T07:00:00|05-02T07:00:00", "05-03T09:00:00|05-03T09:00:00" }
  end)

  it("stays what it is when it is tried again later", function()
    local seven, eight = ms_of("2026-05-02T07:00Z"), ms_of("2026-05-02T08:00Z")
    local e = life.new { zone = "UTC", place = { 0, 0 }, goals = {}, start = seven - HOUR, finish = eight, ops = {},
      rules = { { name = "r", source = source('sw.at "07:00"') } } }
    sw.time.set(seven) -- taken, and put off as one is whose worker could not be had
    local t = homes.txn(e.ctx)
    t:claim { now = seven, lease = MIN, most = 10 }
    for _, job in ipairs(assert(t:commit())[1]) do
      t = homes.txn(e.ctx)
      t:job_retry(job.id, job.generation, seven + 5 * MIN, "no worker")
      assert(t:commit())
    end
    e:live_through()
    expect(#e:live()).equals(1)
    expect(e:live()[1]).contains("r|05-02T07:00:00|05-02T07:00:00|")
    e:close()
  end)

  it("is that of the zone to which the person moved", function()
    expect(planned { zone = "America/New_York" }).equals { "05-02T07:00:00|05-02T07:00:00", "05-03T11:00:00|05-03T11:00:00" }
  end)
end)

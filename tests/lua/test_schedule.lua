-- SPDX-License-Identifier: MIT
-- When scheduled triggers are due: fields, names, steps, the rule of both days, clock changes, bad texts.
local homes = require("home")
local queue = require("queue")
local rules = require("rules")
local schedule = require("schedule")

local berlin = { zone = "Europe/Berlin" }

local function ms_of(text)
  return assert(sw.time.parse(text))
end

-- The next `n` instants after a time, as local texts.
local function series(ctx, trigger, after, n)
  local ms, out = ms_of(after), {}
  for i = 1, n do
    ms = assert(schedule.next(ctx, trigger, ms))
    out[i] = sw.time.iso(ms, sw.time.offset(ctx.zone, ms)):sub(1, 16)
  end
  return out
end

local function cron(spec, after, n, ctx)
  return series(ctx or berlin, { kind = "cron", spec = spec }, after, n)
end

describe("cron", function()
  it("takes single values, lists, ranges, steps and stars", function()
    expect(cron("30 7 * * *", "2025-06-01T12:00:00Z", 2)).equals { "2025-06-02T07:30", "2025-06-03T07:30" }
    expect(cron("0 6,18 * * *", "2025-06-01T12:00:00Z", 3)).equals { "2025-06-01T18:00", "2025-06-02T06:00", "2025-06-02T18:00" }
    expect(cron("*/20 8 * * *", "2025-06-01T12:00:00Z", 4)).equals { "2025-06-02T08:00", "2025-06-02T08:20", "2025-06-02T08:40",
      "2025-06-03T08:00" }
    expect(cron("10-50/20 8 * * *", "2025-06-01T12:00:00Z", 3)).equals { "2025-06-02T08:10", "2025-06-02T08:30", "2025-06-02T08:50" }
    expect(cron("5/25 8 * * *", "2025-06-01T12:00:00Z", 3)).equals { "2025-06-02T08:05", "2025-06-02T08:30", "2025-06-02T08:55" }
    expect(cron("0 0 1 1-3,12 *", "2025-06-01T12:00:00Z", 3)).equals { "2025-12-01T00:00", "2026-01-01T00:00", "2026-02-01T00:00" }
  end)

  it("takes names of months and weekdays in any case, and 7 as Sunday", function()
    expect(cron("0 9 * FEB *", "2025-06-01T12:00:00Z", 1)).equals { "2026-02-01T09:00" }
    expect(cron("0 9 * * Mon-wed", "2025-06-01T12:00:00Z", 4)).equals { "2025-06-02T09:00", "2025-06-03T09:00", "2025-06-04T09:00",
      "2025-06-09T09:00" }
    expect(cron("0 9 * * 7", "2025-06-01T12:00:00Z", 1)).equals(cron("0 9 * * sun", "2025-06-01T12:00:00Z", 1))
    expect(cron("0 9 * * fri-sun", "2025-06-02T12:00:00Z", 3)).equals { "2025-06-06T09:00", "2025-06-07T09:00", "2025-06-08T09:00" }
    expect(cron("0 9 * * sun-mon", "2025-06-02T12:00:00Z", 2)).equals { "2025-06-08T09:00", "2025-06-09T09:00" }
  end)

  it("runs on either day when day of month and weekday are both given", function()
    expect(cron("0 9 13 * fri", "2025-06-02T12:00:00Z", 4)).equals { "2025-06-06T09:00", "2025-06-13T09:00", "2025-06-20T09:00",
      "2025-06-27T09:00" }
    expect(cron("0 9 12 * fri", "2025-06-07T12:00:00Z", 2)).equals { "2025-06-12T09:00", "2025-06-13T09:00" }
  end)

  it("waits for days that not every month or year has", function()
    expect(cron("0 0 31 * *", "2025-06-01T00:00:00Z", 3)).equals { "2025-07-31T00:00", "2025-08-31T00:00", "2025-10-31T00:00" }
    expect(cron("0 0 29 2 *", "2025-06-01T00:00:00Z", 1)).equals { "2028-02-29T00:00" }
    local ms, why = schedule.next(berlin, { kind = "cron", spec = "0 0 30 2 *" }, 0)
    expect(ms).is_nil()
    expect(why).equals("that time never comes")
  end)

  it("is strictly after the instant that is asked about", function()
    expect(cron("0 7 * * *", "2025-06-01T05:00:00Z", 1)).equals { "2025-06-02T07:00" }
    expect(cron("0 7 * * *", "2025-06-01T04:59:59Z", 1)).equals { "2025-06-01T07:00" }
  end)
end)

describe("clock changes", function()
  it("a time the clocks skip runs once, when they have moved on", function()
    expect(cron("30 2 * * *", "2025-03-29T12:00:00Z", 2)).equals { "2025-03-30T03:30", "2025-03-31T02:30" }
    expect(cron("0,30 2,3 * * *", "2025-03-29T12:00:00Z", 3)).equals { "2025-03-30T03:00", "2025-03-30T03:30", "2025-03-31T02:00" }
  end)

  it("a time that comes twice runs the first time only", function()
    local trigger = { kind = "cron", spec = "30 2 * * *" }
    local first = schedule.next(berlin, trigger, ms_of("2025-10-25T12:00:00Z"))
    expect(sw.time.iso(first, 0)).equals("2025-10-26T00:30:00Z")
    expect(sw.time.iso(schedule.next(berlin, trigger, first), 0)).equals("2025-10-27T01:30:00Z")
  end)

  it("a time that is skipped by half an hour may come behind a later one, and none is lost", function()
    local at, list = ms_of("2026-10-03T12:00:00Z"), {}
    for i = 1, 3 do
      at = schedule.next({ zone = "Australia/Lord_Howe" }, { kind = "cron", spec = "10,35 2 * * *" }, at)
      list[i] = sw.time.iso(at, 0)
    end
    expect(list).equals { "2026-10-03T15:35:00Z", "2026-10-03T15:40:00Z", "2026-10-04T15:10:00Z" }
  end)

  it("a year of daily instants has one for each day in zones of both halves of the earth", function()
    for _, zone in ipairs { "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu" } do
      local ms, seen = ms_of("2025-01-01T00:00:00Z"), {}
      local stop = ms + 360 * 86400000
      while ms < stop do
        ms = schedule.next({ zone = zone }, { kind = "cron", spec = "15 0 * * *" }, ms)
        local day = sw.time.day_of(ms, sw.time.offset(zone, ms))
        expect(seen[day]).is_nil()
        expect(not next(seen) or seen[day - 1] ~= nil).is_true()
        seen[day] = true
      end
    end
  end)
end)

describe("at and every", function()
  it("at takes a clock, days, a range of days, weekdays and weekends", function()
    local function at(spec, n)
      return series(berlin, { kind = "at", spec = spec }, "2025-06-04T12:00:00Z", n) -- a Wednesday
    end
    expect(at("07:30", 2)).equals { "2025-06-05T07:30", "2025-06-06T07:30" }
    expect(at("7:30 on mon,wed", 2)).equals { "2025-06-09T07:30", "2025-06-11T07:30" }
    expect(at("18:00 on fri - sun", 3)).equals { "2025-06-06T18:00", "2025-06-07T18:00", "2025-06-08T18:00" }
    expect(at("09:00 on weekdays", 3)).equals { "2025-06-05T09:00", "2025-06-06T09:00", "2025-06-09T09:00" }
    expect(at("09:00 on weekends", 2)).equals { "2025-06-07T09:00", "2025-06-08T09:00" }
  end)

  it("every stands on a fixed grid, so that a restart changes nothing", function()
    local trigger = { kind = "every", spec = "6h" }
    local a = schedule.next(berlin, trigger, ms_of("2025-06-01T01:00:00Z"))
    expect(sw.time.iso(a, 0)).equals("2025-06-01T06:00:00Z")
    expect(schedule.next(berlin, trigger, a - 1)).equals(a)
    expect(schedule.next(berlin, trigger, a)).equals(a + 6 * 3600000)
    expect(math.type(schedule.next(berlin, { kind = "every", spec = "1.5 h" }, a))).equals("integer")
  end)
end)

describe("wrong texts", function()
  it("are answered with a sentence, never with a failure", function()
    local cases = {
      { "cron", "* * * *", "five fields" }, { "cron", "* * * * * *", "five fields" }, { "cron", "", "five fields" },
      { "cron", "60 * * * *", "minute" }, { "cron", "* 24 * * *", "hour" }, { "cron", "* * 0 * *", "day" }, { "cron", "* * 32 * *", "day" },
      { "cron", "* * * 13 *", "month" }, { "cron", "* * * * 8", "weekday" }, { "cron", "* * * foo *", "month" },
      { "cron", "5-1 * * * *", "minute" }, { "cron", "*/0 * * * *", "minute" }, { "cron", "1.5 * * * *", "minute" },
      { "cron", "0x10 * * * *", "minute" }, { "cron", "1e1 * * * *", "minute" }, { "cron", ", * * * *", "minute" },
      { "cron", "99999999999999999999 * * * *", "minute" }, { "cron", "-1 * * * *", "minute" }, { "cron", "* * * * mon-", "weekday" },
      { "at", "25:00", "00:00 to 23:59" }, { "at", "07:60", "00:00 to 23:59" }, { "at", "7", "not a time" }, { "at", "sunfall", "not a time" },
      { "at", "07:30 mon", "after the time" }, { "at", "07:30 on someday", "days are mon" },
      { "every", "5s", "a minute" }, { "every", "often", "a minute" }, { "every", "", "a minute" }, { "every", "99999999999999999999w", "a year" },
      { "every", "-2h", "a minute" }, { "cron", nil, "five fields" }, { "at", nil, "not a time" }, { "every", nil, "a minute" },
    }
    for _, c in ipairs(cases) do
      local ms, why = schedule.next(berlin, { kind = c[1], spec = c[2] }, 0)
      expect(ms).is_nil()
      expect(why).contains(c[3])
    end
  end)
end)

describe("a planned time that is a moment late", function()
  it("is not let go because one before it was missed", function()
    local dir = sw.fs.temp_dir()
    local ctx = assert(homes.open({ home = dir, zone = "UTC" }, true))
    assert(sw.fs.mkdir(dir .. "/rules/automations"))
    assert(sw.fs.write(dir .. "/rules/automations/daily.lua", 'return require("syncwell").rule { title = "t", on = '
      .. 'require("syncwell").at "07:00", run = function(_, ctx) ctx.log "x" end }\n'))
    sw.time.set(sw.time.parse("2026-01-01T12:00:00Z"))
    assert(rules.plan(ctx, assert(rules.load(ctx)), sw.time.now()))
    sw.time.set(sw.time.parse("2026-01-04T07:05:00Z"))
    assert(queue.run_due(ctx))
    local fired = {}
    for i, doc in ipairs(sw.store.docs(ctx.who, "firing", {})) do
      fired[i] = doc.body.key
    end
    expect(fired).equals { "2026-01-04T07:00:00Z" }
    sw.time.set()
    sw.fs.remove_tree(dir)
  end)
end)

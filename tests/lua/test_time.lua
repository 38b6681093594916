-- SPDX-License-Identifier: MIT
-- Time for trusted Lua: days and dates, instants as text, zones at their changes.
local time = sw.time

local function ms(text)
  return assert(time.parse(text))
end

describe("days", function()
  it("and dates go into each other over two centuries", function()
    for day = time.day(1900, 1, 1), time.day(2079, 12, 31), 13 do
      local y, m, d = time.date(day)
      expect(time.day(y, m, d)).equals(day)
      expect(time.day_text(day)).equals(("%04d-%02d-%02d"):format(y, m, d))
    end
  end)

  it("know their weekday, Monday being 0", function()
    expect(select(4, time.date(time.day(1970, 1, 1)))).equals(3)
    expect(select(4, time.date(time.day(2024, 2, 29)))).equals(3)
    expect(select(4, time.date(time.day(1900, 1, 1)))).equals(0)
    expect(select(4, time.date(time.day(2025, 6, 15)))).equals(6)
  end)

  it("of an instant are those of the place", function()
    local late = ms("2025-06-15T23:30:00Z")
    expect(time.day_text(time.day_of(late, 0))).equals("2025-06-15")
    expect(time.day_text(time.day_of(late, 120))).equals("2025-06-16")
    expect(time.day_text(time.day_of(-1, 0))).equals("1969-12-31")
    expect(time.day_text(time.day_of(0, -1))).equals("1969-12-31")
  end)
end)

describe("instants as text", function()
  it("are read with and without zone, and written back", function()
    for text, offset in pairs { ["2025-06-15T10:00:00Z"] = 0, ["2025-06-15T10:00:00+05:45"] = 345, ["1969-07-20T20:17:40-04:00"] = -240 } do
      local at, minutes = time.parse(text)
      expect(minutes).equals(offset)
      expect(time.iso(at, minutes)).equals(text)
    end
    expect(select(2, time.parse("2025-06-15T10:00:00"))).is_nil()
    expect(time.parse("2025-06-15")).equals(ms("2025-06-15T00:00:00Z"))
    expect(time.parse("2025-06-15T10:00:00.123Z") % 1000).equals(123)
  end)

  it("that are none give nil", function()
    for _, text in ipairs { "", "x", "2025", "2025-06", "2025-6-1", "2025-02-30", "2025-02-29T00:00:00Z", "2025-06-15T24:01:00Z", "2025-06-15T10:60:00Z",
      "2025-06-15T10:00:00+25:00", "2025-06-15T10:00:00Zx", "2025-06-15T", "99999-01-01" } do
      expect(text .. tostring((time.parse(text)))).equals(text .. "nil")
    end
  end)
end)

describe("zones", function()
  it("give the offset of the instant, before and after a change", function()
    local cases = {
      { "Europe/Berlin", "2025-03-30T00:59:59Z", 60 }, { "Europe/Berlin", "2025-03-30T01:00:00Z", 120 },
      { "Europe/Berlin", "2025-10-26T00:59:59Z", 120 }, { "Europe/Berlin", "2025-10-26T01:00:00Z", 60 },
      { "America/New_York", "2025-03-09T07:00:00Z", -240 }, { "Asia/Kathmandu", "2025-01-01T00:00:00Z", 345 },
      { "Australia/Lord_Howe", "2025-01-01T00:00:00Z", 660 }, { "Australia/Lord_Howe", "2025-07-01T00:00:00Z", 630 },
      { "Europe/Berlin", "2060-07-01T00:00:00Z", 120 }, { "UTC", "2025-07-01T00:00:00Z", 0 },
    }
    for _, c in ipairs(cases) do
      expect(c[1] .. " " .. time.offset(c[1], ms(c[2]))).equals(c[1] .. " " .. c[3])
    end
  end)

  it("turn local time to UTC: a skipped time is moved on, one that comes twice is the first", function()
    expect(time.iso(time.utc("Europe/Berlin", ms("2025-06-15T12:00:00Z")), 0)).equals("2025-06-15T10:00:00Z")
    expect(time.iso(time.utc("Europe/Berlin", ms("2025-03-30T02:30:00Z")), 0)).equals("2025-03-30T01:30:00Z")
    expect(time.iso(time.utc("Europe/Berlin", ms("2025-10-26T02:30:00Z")), 0)).equals("2025-10-26T00:30:00Z")
  end)

  it("have days of 23 and 25 hours", function()
    local function hours(y, m, d)
      return (time.day_start("Europe/Berlin", time.day(y, m, d) + 1) - time.day_start("Europe/Berlin", time.day(y, m, d))) / 3600000
    end
    expect(hours(2025, 3, 30)).equals(23.0)
    expect(hours(2025, 10, 26)).equals(25.0)
    expect(hours(2025, 6, 15)).equals(24.0)
  end)

  it("that do not exist, or are paths, are refused", function()
    expect(time.zone_ok("Europe/Berlin")).is_true()
    for _, name in ipairs { "Europe/Nowhere", "", "../../etc/passwd", "/etc/passwd", "Europe/../Europe/Berlin", "Europe" } do
      expect(name .. tostring((time.zone_ok(name)))).equals(name .. "nil")
    end
  end)

  it("of this machine are zones that exist", function()
    expect(time.zone_ok(time.local_zone())).is_true()
  end)
end)

describe("the clock", function()
  it("stands where it is set, while real and measuring time go on", function()
    time.set(ms("2025-06-15T10:00:00Z"))
    expect(time.now()).equals(ms("2025-06-15T10:00:00Z"))
    expect(time.wall() > ms("2025-06-15T10:00:00Z")).is_true()
    local a = time.mono()
    sw.sys.sleep(20)
    expect(time.mono() - a >= 10).is_true()
    expect(time.now()).equals(ms("2025-06-15T10:00:00Z"))
  end)
end)

describe("a nap", function()
  it("that can be woken stays so when another task's nap ends first", function()
    local woken
    sw.spawn(function()
      sw.sys.sleep(10)
    end)
    sw.spawn(function()
      woken = sw.sys.sleep(5000, true)
    end)
    sw.sys.sleep(40)
    local a = time.mono()
    sw.sys.wake("enough")
    sw.sys.sleep(5)
    expect(woken).equals("enough")
    expect(time.mono() - a < 3000).is_true()
  end)
end)

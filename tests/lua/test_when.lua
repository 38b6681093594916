-- SPDX-License-Identifier: MIT
-- Times as people type them: every spelling, in a zone with clock changes, and what is refused.
local when = require("when")

local ctx = { zone = "Europe/Berlin" }

local function at(text)
  sw.time.set(assert(sw.time.parse(text)))
end

local function day(text)
  local d = when.day(ctx, text)
  return d and sw.time.day_text(d)
end

local function span(text)
  local a, b = when.span(ctx, text)
  return a and sw.time.day_text(a) .. " " .. sw.time.day_text(b)
end

local function instant(text)
  local ms, offset = when.instant(ctx, text)
  return ms and sw.time.iso(ms, offset)
end

-- rows { text, wanted }; false is "not understood"
local function check(read, rows)
  for _, row in ipairs(rows) do
    local got = read(row[1])
    expect(row[1] .. " -> " .. tostring(got)).equals(row[1] .. " -> " .. tostring(row[2] or nil))
  end
end

describe("a day", function()
  it("is read in every spelling, weekdays being the last ones that are over", function()
    at "2025-06-18T10:00:00Z" -- a Wednesday
    check(day, { { "2025-06-01", "2025-06-01" }, { "today", "2025-06-18" }, { "Yesterday", "2025-06-17" }, { "tomorrow", "2025-06-19" },
      { "monday", "2025-06-16" }, { "Tuesday", "2025-06-17" }, { "wednesday", "2025-06-11" }, { "thursday", "2025-06-12" },
      { "sunday", "2025-06-15" }, { "0 days ago", "2025-06-18" }, { "1 day ago", "2025-06-17" }, { "20 days ago", "2025-05-29" } })
  end)

  it("is the person's day, not that of UTC", function()
    at "2025-06-18T22:30:00Z" -- half past midnight in Berlin
    check(day, { { "today", "2025-06-19" }, { "yesterday", "2025-06-18" } })
  end)

  it("knows the ends of months and leap years", function()
    check(day, { { "2024-02-29", "2024-02-29" }, { "2025-02-29", false }, { "2000-02-29", "2000-02-29" }, { "1900-02-29", false },
      { "2025-04-31", false }, { "2025-12-31", "2025-12-31" }, { "2025-00-10", false }, { "2025-13-01", false }, { "2025-01-00", false } })
  end)

  it("is refused beyond the years that can be kept, and when it is no day", function()
    check(day, { { "1899-12-31", false }, { "1900-01-01", "1900-01-01" }, { "2079-12-31", "2079-12-31" }, { "2080-01-01", false },
      { "", false }, { "2025-6-1", false }, { "mon", false }, { "01.06.2025", false }, { "99999999999999999999 days ago", false },
      { "-3 days ago", false }, { "today!", false } })
  end)
end)

describe("a span", function()
  it("is read in every spelling", function()
    at "2025-06-18T10:00:00Z"
    check(span, { { "2025-06-01", "2025-06-01 2025-06-01" }, { "2025-02", "2025-02-01 2025-02-28" }, { "2024-02", "2024-02-01 2024-02-29" },
      { "2025-12", "2025-12-01 2025-12-31" }, { "2025", "2025-01-01 2025-12-31" }, { "last 7d", "2025-06-12 2025-06-18" },
      { "7d", "2025-06-12 2025-06-18" }, { "1 day", "2025-06-18 2025-06-18" }, { "2 weeks", "2025-06-05 2025-06-18" },
      { "1m", "2025-05-20 2025-06-18" }, { "1y", "2024-06-19 2025-06-18" }, { "this week", "2025-06-16 2025-06-22" },
      { "last week", "2025-06-09 2025-06-15" }, { "all", "1900-01-01 2079-12-31" }, { "yesterday", "2025-06-17 2025-06-17" },
      { "2025-06-01..2025-06-03", "2025-06-01 2025-06-03" }, { "2025-06-03..2025-06-01", "2025-06-01 2025-06-03" },
      { "monday..today", "2025-06-16 2025-06-18" }, { "LAST 7D", "2025-06-12 2025-06-18" } })
  end)

  it("is the last seven days when nothing is said", function()
    at "2025-06-18T10:00:00Z"
    local a, b = when.span(ctx)
    expect(sw.time.day_text(a) .. " " .. sw.time.day_text(b)).equals("2025-06-12 2025-06-18")
  end)

  it("is refused when it is none, or of no length, or beyond all days", function()
    check(span, { { "2025-13", false }, { "2025-00", false }, { "0000", false }, { "9999", false }, { "2099-01", false }, { "last 0d", false },
      { "last 99999999999999999999d", false }, { "999999y", false }, { "3 fortnights", false }, { "soon", false }, { "..", false },
      { "today..", false }, { "today..soon", false }, { "1.5d", false } })
  end)
end)

describe("an instant", function()
  it("is read in every spelling, in the person's zone where none is given", function()
    at "2025-06-18T10:00:00Z"
    check(instant, { { "now", "2025-06-18T12:00:00+02:00" }, { "2025-06-01T08:00:00Z", "2025-06-01T08:00:00Z" },
      { "2025-06-01T08:00:00-05:00", "2025-06-01T08:00:00-05:00" }, { "2025-06-01T08:00", "2025-06-01T08:00:00+02:00" },
      { "yesterday 16:00", "2025-06-17T16:00:00+02:00" }, { "08:30", "2025-06-18T08:30:00+02:00" }, { "8:30", "2025-06-18T08:30:00+02:00" },
      { "monday 07:05", "2025-06-16T07:05:00+02:00" }, { "3 days ago 23:59", "2025-06-15T23:59:00+02:00" },
      { "yesterday", "2025-06-17T12:00:00+02:00" } })
  end)

  it("on the days of the clock change has the offset of its own hour", function()
    check(instant, { { "2025-03-30 01:59", "2025-03-30T01:59:00+01:00" }, { "2025-03-30 03:00", "2025-03-30T03:00:00+02:00" },
      { "2025-03-30 02:30", "2025-03-30T03:30:00+02:00" }, { "2025-10-26 02:30", "2025-10-26T02:30:00+02:00" },
      { "2025-10-26 03:00", "2025-10-26T03:00:00+01:00" } })
  end)

  it("is refused when it is none", function()
    check(instant, { { "25:00", false }, { "12:60", false }, { "yesterday 7", false }, { "noon", false }, { "2025-02-30T10:00:00Z", false },
      { "2025-06-01T25:00", false }, { "99999999999999999999 days ago", false }, { "", false } })
  end)
end)

describe("texts for people", function()
  it("give the weekday with the day, and the clock of the offset", function()
    expect(when.short_day(sw.time.day(2025, 3, 2))).equals("Sun  2 Mar")
    expect(when.short_day(sw.time.day(2024, 2, 29))).equals("Thu 29 Feb")
    expect(when.clock(sw.time.parse("2025-06-01T23:30:00Z"), 120)).equals("01:30")
    expect(when.clock(sw.time.parse("2025-06-01T00:30:00Z"), -60)).equals("23:30")
  end)
end)

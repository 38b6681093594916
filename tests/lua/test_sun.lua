-- SPDX-License-Identifier: MIT
-- Sunrise and sunset against the times of an almanac (PyEphem, rim of the sun on a horizon of -34 minutes of arc).
local schedule = require("schedule")
local sun = require("sun")

local almanac = {
  { "Berlin", 52.52, 13.405, {
    { "2026-01-15", "2026-01-15T07:09", "2026-01-15T15:22" },
    { "2026-03-29", "2026-03-29T04:48", "2026-03-29T17:35" },
    { "2026-06-21", "2026-06-21T02:43", "2026-06-21T19:33" },
    { "2026-09-22", "2026-09-22T04:52", "2026-09-22T17:05" },
    { "2026-12-21", "2026-12-21T07:14", "2026-12-21T14:53" },
  } },
  { "Sydney", -33.8688, 151.2093, {
    { "2026-01-15", "2026-01-14T18:59", "2026-01-15T09:09" },
    { "2026-03-29", "2026-03-28T20:04", "2026-03-29T07:54" },
    { "2026-06-21", "2026-06-20T20:59", "2026-06-21T06:53" },
    { "2026-09-22", "2026-09-21T19:45", "2026-09-22T07:51" },
    { "2026-12-21", "2026-12-20T18:40", "2026-12-21T09:05" },
  } },
  { "Quito", -0.1807, -78.4678, {
    { "2026-01-15", "2026-01-15T11:19", "2026-01-15T23:27" },
    { "2026-03-29", "2026-03-29T11:15", "2026-03-29T23:21" },
    { "2026-06-21", "2026-06-21T11:12", "2026-06-21T23:19" },
    { "2026-09-22", "2026-09-22T11:03", "2026-09-22T23:09" },
    { "2026-12-21", "2026-12-21T11:07", "2026-12-21T23:16" },
  } },
  { "Tromso", 69.6492, 18.9553, {
    { "2026-01-15", "2026-01-15T10:29", "2026-01-15T11:18" },
    { "2026-03-29", "2026-03-29T04:02", "2026-03-29T17:37" },
    { "2026-06-21" },
    { "2026-09-22", "2026-09-22T04:24", "2026-09-22T16:47" },
    { "2026-12-21" },
  } },
  { "Honolulu", 21.3069, -157.8583, {
    { "2026-01-15", "2026-01-15T17:11", "2026-01-16T04:10" },
    { "2026-03-29", "2026-03-29T16:26", "2026-03-30T04:45" },
    { "2026-06-21", "2026-06-21T15:50", "2026-06-22T05:16" },
    { "2026-09-22", "2026-09-22T16:20", "2026-09-23T04:27" },
    { "2026-12-21", "2026-12-21T17:04", "2026-12-22T03:54" },
  } },
  { "Reykjavik", 64.1466, -21.9426, {
    { "2026-01-15", "2026-01-15T10:54", "2026-01-15T16:20" },
    { "2026-03-29", "2026-03-29T06:56", "2026-03-29T20:10" },
    { "2026-06-21", "2026-06-21T02:55", "2026-06-22T00:03" },
    { "2026-09-22", "2026-09-22T07:10", "2026-09-22T19:28" },
    { "2026-12-21", "2026-12-21T11:22", "2026-12-21T15:29" },
  } },
}

local function ms_of(text)
  return assert(sw.time.parse(text))
end

describe("the sun", function()
  it("rises and sets within a minute of the almanac, and not at all where it stays up or down", function()
    local checked = 0
    for _, place in ipairs(almanac) do
      for _, row in ipairs(place[4]) do
        local rise, set = sun.times(place[2], place[3], ms_of(row[1] .. "T00:00:00Z") // 86400000)
        if row[2] then
          expect(rise).near(ms_of(row[2] .. ":30Z"), 60000)
          expect(set).near(ms_of(row[3] .. ":30Z"), 60000)
        else
          expect(rise).is_nil()
          expect(set).is_nil()
        end
        checked = checked + 1
      end
    end
    expect(checked).equals(30)
  end)
end)

local function next_times(ctx, spec, after, n)
  local ms, out = ms_of(after), {}
  for i = 1, n do
    local why
    ms, why = schedule.next(ctx, { kind = "at", spec = spec }, ms)
    if not ms then
      return why
    end
    out[i] = sw.time.iso(ms, sw.time.offset(ctx.zone, ms)):sub(1, 16)
  end
  return out
end

describe("sw.at", function()
  local berlin = { zone = "Europe/Berlin", place = { latitude = 52.52, longitude = 13.405 } }

  it("follows the sun with an offset, on some days, across a clock change", function()
    expect(next_times(berlin, "sunset-30min", "2026-03-28T00:00:00Z", 3)).equals { "2026-03-28T18:03", "2026-03-29T19:05",
      "2026-03-30T19:07" }
    expect(next_times(berlin, "sunrise on mon,wed", "2026-06-20T12:00:00Z", 2)).equals { "2026-06-22T04:43", "2026-06-24T04:43" }
    expect(next_times(berlin, "sunrise + 1h on weekends", "2026-06-20T12:00:00Z", 1)).equals { "2026-06-21T05:43" }
  end)

  it("keeps to the person's date where the date line bends", function()
    local apia = { zone = "Pacific/Apia", place = { latitude = -13.83, longitude = -171.76 } } -- the 1st is a Monday
    expect(next_times(apia, "sunset on mon", "2026-06-01T00:00:00Z", 2)).equals { "2026-06-01T18:05", "2026-06-08T18:06" }
  end)

  it("waits over the days on which the sun does not set", function()
    local tromso = { zone = "Europe/Oslo", place = { latitude = 69.65, longitude = 18.96 } }
    expect(next_times(tromso, "sunset", "2026-06-01T00:00:00Z", 1)[1] > "2026-07-20").is_true()
  end)

  it("says what is wrong with a text, and where a place is missing", function()
    expect(next_times(berlin, "sunset-30 parsec", "2026-06-20T12:00:00Z", 1)).contains('"sunset-30min" is what such a time looks like')
    expect(next_times(berlin, "sunfall", "2026-06-20T12:00:00Z", 1)).contains("is not a time like")
    expect(next_times(berlin, "sunset-14h", "2026-06-20T12:00:00Z", 1)).contains("half a day at most")
    expect(next_times(berlin, "sunset on someday", "2026-06-20T12:00:00Z", 1)).contains("someday")
  end)
end)

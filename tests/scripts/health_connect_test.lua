local GARMIN = { data_origin = "com.garmin.android.apps.connectmobile", recording_method = "actively_recorded" }

local function steps(count, till)
  return { app_version = "1.9", steps = { { count = count, start_time = "2026-03-01T00:00:00Z", end_time = till } } }
end

describe("health-connect", function()
  it("takes the total of a day as it grows, and the day before again", function(t)
    t.connect "health-connect"
    t.post("health-connect", steps(3100, "2026-03-01T09:00:00.5Z"))
    t.post("health-connect", steps(8421, "2026-03-01T20:10:00.1Z"))
    t.post("health-connect", steps(9055, "2026-03-02T00:00:00Z"))
    expect(t.days "steps"[1].value).equals(9055)
    expect(#t.samples "steps").equals(0)
  end)

  it("brings a watch's night and its run, the same document twice adding nothing", function(t)
    local body = { app_version = "1.9",
      exercise = { { type = "56", start_time = "2026-03-01T16:00:00Z", end_time = "2026-03-01T16:30:00Z",
        duration_seconds = 1800, distance_meters = 5005.5, metadata = GARMIN } },
      sleep = { { session_end_time = "2026-03-01T06:00:00Z", duration_seconds = 27000, metadata = GARMIN, stages = {
        { stage = "4", start_time = "2026-02-28T22:30:00Z", end_time = "2026-03-01T06:00:00Z" } } } } }
    t.connect "health-connect"
    t.post("health-connect", body)
    t.post("health-connect", body)
    expect(#t.records "workout").equals(1)
    expect(t.records "workout"[1].attributes.sport).equals "running"
    expect(#t.records "sleep").equals(1)
    expect(t.days "sleep_duration"[1].value).equals(450)
  end)
end)

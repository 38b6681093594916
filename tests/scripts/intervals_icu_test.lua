local ride = { id = "i42", type = "Ride", start_date = "2026-03-01T06:00:00Z", start_date_local = "2026-03-01T07:00:00",
  elapsed_time = 5400, moving_time = 5000, distance = 40000, average_heartrate = 140, name = "Morning" }

describe("intervals-icu", function()
  it("maps an activity and asks for its streams, which rules then see", function(t)
    t.connect "intervals-icu"
    t.rule "hydrate"
    t.http.replay { { path = "/athlete/0/activities", body = { ride }, again = true },
      { path = "/athlete/0/wellness", body = {}, again = true },
      { path = "/activity/i42/streams.json", body = { { type = "time", data = { 0, 60, 120 } },
        { type = "heartrate", data = { 120, 130, 141 } } } } }
    expect(t.sync "intervals-icu".new).equals(1)
    local w = t.records "workout"[1]
    expect(w.attributes.sport).equals "cycling"
    expect(w.attributes.distance_m).equals(40000)
    expect(#t.samples "heart_rate").equals(3)
    t.expect_fired("hydrate", 1)
  end)

  it("leaves out what came from Strava and tells the second time nothing new", function(t)
    t.connect "intervals-icu"
    local stub = { id = "i43", source = "STRAVA", start_date = "2026-03-01T06:00:00Z" }
    t.http.replay { { path = "/athlete/0/activities", body = { stub }, again = true },
      { path = "/athlete/0/wellness", again = true, body = { { id = "2026-03-01", restingHR = 48, weight = 80.5 } } } }
    expect(t.sync "intervals-icu".new).equals(2)
    expect(#t.records "workout").equals(0)
    expect(t.sync "intervals-icu".new).equals(0)
    expect(t.days "weight"[1].value).equals(80.5)
  end)
end)

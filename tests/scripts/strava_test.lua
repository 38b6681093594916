local run = { id = 154504250376823, sport_type = "Run", start_date = "2026-03-01T06:00:00Z", utc_offset = 3600,
  elapsed_time = 3700, moving_time = 3600, distance = 10000, average_heartrate = 150, name = "Sunday" }
local streams = { time = { data = { 0, 10 } }, heartrate = { data = { 140, 150 } },
  latlng = { data = { { 50.0, 8.0 }, { 50.001, 8.0 } } } }

describe("strava", function()
  it("brings a run once, its streams, and what rules make of it", function(t)
    t.connect "strava"
    t.rule "hydrate"
    t.http.replay { { path = "/athlete/activities", query = { page = 1 }, body = { run }, again = true },
      { path = "/athlete/activities", body = {}, again = true },
      { path = "/activities/154504250376823/streams", body = streams } }
    expect(t.sync "strava".new).equals(1)
    expect(t.sync "strava".new).equals(0)
    local w = t.records "workout"[1]
    expect(w.attributes.sport).equals "running"
    expect(w.start).contains "2026-03-01T07:00:00+01:00"
    expect(#t.samples "latitude").equals(2)
    t.expect_fired("hydrate", 1)
  end)

  it("signs each request with the token, and stops when that is refused", function(t)
    t.connect "strava"
    t.http.replay { { path = "/athlete/activities", status = 401, again = true },
      { path = "/oauth/token", method = "POST", status = 400, body = { message = "Bad Request" } } }
    local got = t.sync "strava"
    expect(t.http.requests()[1].headers.Authorization).equals "Bearer test-access"
    expect(got.new).equals(0)
    expect(got.error).contains "trava"
  end)
end)

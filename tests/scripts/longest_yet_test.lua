local function five(t)
  for day = 20, 24 do
    t.event { "workout.created", sport = "running", elapsed = "1h", distance = "10km", start = ("2026-02-%02dT08:00Z"):format(day) }
  end
end

describe("longest_yet", function()
  it("speaks when it went further than all of its sport", function(t)
    t.rule "longest_yet"
    five(t)
    t.event { "workout.created", sport = "cycling", elapsed = "3h", distance = "90km", start = "2026-02-28T08:00Z" }
    expect(#t.notifications()).equals(0)
    t.event { "workout.created", sport = "running", elapsed = "2h", distance = "18.2km", start = "2026-03-01T08:00Z" }
    expect(t.notifications()[1].text).equals "18.2 km of running: the longest in twelve months."
  end)

  it("is silent about what is as long as before", function(t)
    t.rule "longest_yet"
    five(t)
    t.event { "workout.created", sport = "running", elapsed = "1h", distance = "10.1km", start = "2026-03-01T08:00Z" }
    expect(#t.notifications()).equals(0)
  end)
end)

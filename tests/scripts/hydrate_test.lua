describe("hydrate", function()
  it("reminds half an hour after 61 minutes, once", function(t)
    t.rule "hydrate"
    t.event { "workout.created", sport = "running", elapsed = "61min", start = "2026-03-01T10:30:00Z" }
    t.expect_fired("hydrate", 1)
    expect(t.calendar()[1].title).equals "Hydration reminder"
    expect(t.calendar()[1].at).contains "2026-03-01T12:01:00"
    expect(t.calendar()[1].duration_s).equals(600)
  end)

  it("leaves 59 minutes alone, unless the parameter says so", function(t)
    t.rule "hydrate"
    t.event { "workout.created", elapsed = "59min" }
    t.expect_fired("hydrate", 0)
    expect(t.why "hydrate").contains "59 min"
    t.clock.advance "1d"
    t.rule("hydrate", { min = "45min" })
    t.event { "workout.created", elapsed = "50min" }
    t.expect_fired("hydrate", 1)
  end)

  it("does not remind of yesterday's workout", function(t)
    t.rule "hydrate"
    t.event { "workout.created", elapsed = "2h", finish = "2026-02-28T08:00:00Z" }
    t.expect_fired("hydrate", 0)
  end)
end)

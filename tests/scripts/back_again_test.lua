describe("back_again", function()
  it("speaks at the first run after two weeks, and not at the next", function(t)
    t.rule "back_again"
    t.event { "workout.created", sport = "running", elapsed = "30min" }
    t.clock.advance "15d"
    t.event { "workout.created", sport = "cycling", elapsed = "1h" }
    t.event { "workout.created", sport = "running", elapsed = "25min" }
    t.clock.advance "2d"
    t.event { "workout.created", sport = "running", elapsed = "30min" }
    expect(#t.notifications()).equals(1)
    expect(t.notifications()[1].text).contains "25 min of running"
  end)

  it("says nothing of the first run there is, of thirteen days, and of other sports than the one that is set", function(t)
    t.rule("back_again", { sport = "swimming" })
    t.event { "workout.created", sport = "swimming", elapsed = "30min" }
    t.clock.advance "13d"
    t.event { "workout.created", sport = "swimming", elapsed = "30min" }
    t.event { "workout.created", sport = "running", elapsed = "30min" }
    expect(#t.notifications()).equals(0)
  end)
end)

local function move(t, days)
  for _ = 1, days do
    t.event { "workout.created", elapsed = "30min" }
    t.clock.advance "1d"
  end
end

describe("workout_streak", function()
  it("says a word at seven days, once, and begins anew after a gap", function(t)
    t.rule "workout_streak"
    move(t, 6)
    t.expect_fired("workout_streak", 0)
    move(t, 4)
    t.expect_fired("workout_streak", 1)
    expect(t.notifications()[1].text).contains "A whole week"
    t.clock.advance "2d"
    move(t, 7)
    t.expect_fired("workout_streak", 2)
  end)

  it("keeps its word for the morning when the day is late", function(t)
    t.rule "workout_streak"
    move(t, 6)
    t.clock.advance "10h"
    t.event { "workout.created", elapsed = "20min" }
    expect(t.notifications()[1].state).equals "planned"
    t.clock.advance "11h"
    expect(t.notifications()[1].state).equals "done"
  end)
end)

describe("glucose_gap", function()
  it("speaks after a day without values, once, and not at night", function(t)
    t.rule "glucose_gap"
    t.sample("blood_glucose", 110)
    t.clock.advance "23h"
    t.expect_fired("glucose_gap", 0)
    t.clock.advance "3d"
    t.expect_fired("glucose_gap", 1)
    expect(t.notifications()[1].text).contains "No glucose came for a day."
  end)

  it("says nothing to somebody who never measured it", function(t)
    t.rule "glucose_gap"
    t.clock.advance "9d"
    t.expect_fired("glucose_gap", 0)
  end)
end)

describe("silent_watch", function()
  it("speaks once for each silence", function(t)
    t.rule "silent_watch"
    t.sample("heart_rate", 60)
    t.clock.advance "47h"
    t.expect_fired("silent_watch", 0)
    t.clock.advance "5d"
    t.expect_fired("silent_watch", 1)
    t.sample("heart_rate", 61)
    t.clock.advance "3d"
    t.expect_fired("silent_watch", 2)
  end)
end)

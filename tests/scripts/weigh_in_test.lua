describe("weigh_in", function()
  it("reminds once after eight days without a weight", function(t)
    t.rule "weigh_in"
    t.sample("weight", 80)
    t.clock.advance "7d"
    t.expect_fired("weigh_in", 0)
    t.clock.advance "20d"
    t.expect_fired("weigh_in", 1)
  end)

  it("leaves those alone who have no scale", function(t)
    t.rule "weigh_in"
    t.clock.advance "30d"
    t.expect_fired("weigh_in", 0)
  end)
end)

describe("almost_there", function()
  it("speaks within a short walk of the goal", function(t)
    t.rule "almost_there"
    t.sample("steps", 8900)
    t.clock.set "2026-03-01T19:00Z"
    expect(t.notifications()[1].text).equals "1100 steps to go: about 10 minutes of walking."
  end)

  it("means the goal you set, where the rule was told nothing else", function(t)
    t.goal("steps", 8000)
    t.rule "almost_there"
    t.sample("steps", 7500)
    t.clock.set "2026-03-01T19:00Z"
    expect(t.notifications()[1].text).contains "500 steps to go"
  end)

  it("is silent far from it and past it", function(t)
    t.rule("almost_there", { steps = 6000 })
    t.sample("steps", 3000)
    t.clock.set "2026-03-01T19:00Z"
    t.sample("steps", 7000, { at = "2026-03-02T12:00Z" })
    t.clock.set "2026-03-02T19:00Z"
    expect(#t.notifications()).equals(0)
  end)
end)

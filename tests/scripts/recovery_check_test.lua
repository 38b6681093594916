describe("recovery_check", function()
  it("speaks on hard days with a low figure, whichever of the two there is", function(t)
    t.rule("recovery_check", { hard = "mon, tue" })
    t.sample("recovery", 31, { at = "2026-03-02T05:00Z" })
    t.clock.set "2026-03-02T08:00" -- a Monday
    expect(t.notifications()[1].text).contains "Your recovery is 31 this morning."
    t.sample("readiness", 35, { at = "2026-03-03T05:00Z" })
    t.clock.set "2026-03-03T08:00"
    expect(#t.notifications()).equals(2)
  end)

  it("is silent on other days, with a good figure, and without one", function(t)
    t.rule("recovery_check", { hard = "tue,wed" })
    t.sample("recovery", 20, { at = "2026-03-02T05:00Z" })
    t.sample("recovery", 75, { at = "2026-03-03T05:00Z" })
    t.clock.set "2026-03-04T08:00"
    expect(#t.notifications()).equals(0)
  end)
end)

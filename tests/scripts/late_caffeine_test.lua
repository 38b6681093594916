describe("late_caffeine", function()
  it("adds up what came after the hour, and leaves the morning alone", function(t)
    t.rule "late_caffeine"
    t.sample("caffeine", 200, { at = "2026-03-01T08:00Z" })
    t.clock.set "2026-03-01T21:00"
    expect(#t.notifications()).equals(0)
    t.sample("caffeine", 40, { at = "2026-03-02T14:30Z" })
    t.sample("caffeine", 80, { at = "2026-03-02T16:10Z" })
    t.clock.set "2026-03-02T21:00"
    expect(t.notifications()[1].text).contains "120 mg of caffeine after 14:00 today."
  end)

  it("takes another hour and another amount", function(t)
    t.rule("late_caffeine", { after = 17, most = 100 })
    t.sample("caffeine", 90, { at = "2026-03-01T18:00Z" })
    t.sample("caffeine", 90, { at = "2026-03-01T15:00Z" })
    t.clock.set "2026-03-01T21:00"
    expect(#t.notifications()).equals(0)
  end)
end)

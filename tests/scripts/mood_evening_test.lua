describe("mood_evening", function()
  it("asks whoever writes it down, on days without", function(t)
    t.rule "mood_evening"
    for day = 20, 23 do
      t.sample("mood", 6, { at = ("2026-02-%02dT20:00Z"):format(day) })
    end
    t.clock.set "2026-03-01T22:00"
    expect(#t.notifications()).equals(1)
    t.sample("mood", 7, { at = "2026-03-02T18:00Z" })
    t.clock.set "2026-03-02T22:00"
    expect(#t.notifications()).equals(1)
  end)

  it("asks nobody who does not", function(t)
    t.rule "mood_evening"
    t.clock.set "2026-03-04T22:00"
    expect(#t.notifications()).equals(0)
  end)
end)

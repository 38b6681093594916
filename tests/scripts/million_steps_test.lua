describe("million_steps", function()
  it("counts from the first day that is known, and speaks once", function(t)
    t.rule "million_steps"
    for day = 1, 9 do
      t.sample("steps", 99999, { at = ("2026-02-%02dT12:00Z"):format(day) })
    end
    t.sample("steps", 99999, { at = "2026-03-01T08:00Z" })
    t.expect_fired("million_steps", 0)
    t.sample("steps", 20, { at = "2026-03-01T09:00Z" })
    t.expect_fired("million_steps", 1)
    t.clock.advance "1d"
    t.sample("steps", 9000)
    t.expect_fired("million_steps", 1)
    expect(t.notifications()[1].text).equals "You have walked 1 million steps."
  end)
end)

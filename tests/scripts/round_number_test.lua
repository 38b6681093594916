describe("round_number", function()
  it("counts what is kept and speaks at ten", function(t)
    t.rule "round_number"
    for day = 19, 27 do
      t.event { "workout.created", sport = "running", elapsed = "30min", start = ("2026-02-%02dT08:00Z"):format(day) }
    end
    expect(#t.notifications()).equals(0)
    t.event { "workout.created", sport = "running", elapsed = "30min", start = "2026-03-01T08:00Z" }
    expect(t.notifications()[1].text).equals "That was your workout number 10. Well moved."
    t.event { "workout.created", sport = "running", elapsed = "30min", start = "2026-03-01T10:00Z" }
    expect(#t.notifications()).equals(1)
  end)
end)

local function fortnight(t)
  for day = 15, 28 do
    t.sample("medication", 1, { at = ("2026-02-%02dT08:00Z"):format(day) })
  end
end

describe("medication_check", function()
  it("asks in the evening of a day without", function(t)
    t.rule "medication_check"
    fortnight(t)
    t.clock.set "2026-03-01T20:30"
    expect(t.notifications()[1].text).contains "None is written down for today."
  end)

  it("is silent when it was taken, and where it is no habit", function(t)
    t.rule "medication_check"
    t.sample("medication", 1, { at = "2026-02-20T08:00Z" })
    t.clock.set "2026-03-01T20:30"
    fortnight(t)
    t.sample("medication", 1, { at = "2026-03-02T07:00Z" })
    t.clock.set "2026-03-02T20:30"
    expect(#t.notifications()).equals(0)
  end)
end)

local function nights(t, length)
  for day = 24, 28 do
    t.event { "sleep.created", start = ("2026-02-%02dT00:00Z"):format(day), finish = ("2026-02-%02dT08:00Z"):format(day),
      asleep = length }
  end
end

describe("sleep_debt", function()
  it("adds up what is missing", function(t)
    t.rule "sleep_debt"
    nights(t, "6h")
    t.clock.set "2026-03-02T09:00Z"
    expect(t.notifications()[1].text).contains "5 hours of sleep are missing"
  end)

  it("says nothing of good weeks and of too few nights", function(t)
    t.rule("sleep_debt", { need = "6h" })
    nights(t, "6h30min")
    t.clock.set "2026-03-02T09:00Z"
    expect(#t.notifications()).equals(0)
  end)
end)

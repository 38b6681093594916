local function month(t)
  for day = 1, 28 do
    local at = ("2026-02-%02dT06:00Z"):format(day)
    t.sample("resting_heart_rate", 50 + day % 3, { at = at })
    t.sample("hrv_rmssd", 60 + day % 5, { at = at })
  end
end

describe("illness_signs", function()
  it("speaks when two signs come together", function(t)
    t.rule "illness_signs"
    month(t)
    t.sample("resting_heart_rate", 60, { at = "2026-03-02T06:00Z" })
    t.sample("hrv_rmssd", 40, { at = "2026-03-02T06:00Z" })
    t.clock.set "2026-03-02T09:00Z"
    expect(t.notifications()[1].text).contains "it need not be anything"
  end)

  it("does not speak of one sign alone, nor without weeks to compare with", function(t)
    t.rule "illness_signs"
    month(t)
    t.sample("resting_heart_rate", 60, { at = "2026-03-02T06:00Z" })
    t.sample("hrv_rmssd", 62, { at = "2026-03-02T06:00Z" })
    t.clock.set "2026-03-02T09:00Z"
    expect(#t.notifications()).equals(0)
  end)
end)

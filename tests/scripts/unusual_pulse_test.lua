local function weeks(t)
  for day = 1, 28 do
    t.sample("resting_heart_rate", 50 + day % 3, { at = ("2026-02-%02dT06:00Z"):format(day) })
  end
end

describe("unusual_pulse", function()
  it("speaks after two days above the usual, not after one", function(t)
    t.rule "unusual_pulse"
    weeks(t)
    t.sample("resting_heart_rate", 60)
    t.expect_fired("unusual_pulse", 0)
    t.clock.advance "1d"
    t.sample("resting_heart_rate", 61)
    t.expect_fired("unusual_pulse", 1)
    expect(t.notifications()[1].text).contains "Your resting heart rate is 61"
  end)

  it("needs weeks to know what is usual", function(t)
    t.rule "unusual_pulse"
    t.sample("resting_heart_rate", 90)
    t.clock.advance "1d"
    t.sample("resting_heart_rate", 90)
    t.expect_fired("unusual_pulse", 0)
  end)
end)

local function told(t)
  local list = {}
  for _, n in ipairs(t.notifications()) do
    if n.state == "done" then list[#list + 1] = n end
  end
  return list
end

describe("glucose_range", function()
  it("says once that it is low, loudly, and once that it is high", function(t)
    t.rule "glucose_range"
    t.sample("blood_glucose", 62)
    t.clock.advance "1h"
    expect(#told(t)).equals(1)
    expect(told(t)[1].text).contains "Your glucose is low."
    expect(told(t)[1].priority).equals "high"
    t.sample("blood_glucose", 240)
    t.clock.advance "30min"
    expect(#told(t)).equals(2)
  end)

  it("is silent within the range and about values of hours ago", function(t)
    t.rule("glucose_range", { high = 250 })
    t.sample("blood_glucose", 240)
    t.sample("blood_glucose", 300, { at = "2026-03-01T09:00Z" })
    t.clock.advance "3h"
    expect(#told(t)).equals(0)
  end)
end)

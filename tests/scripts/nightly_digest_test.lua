describe("nightly_digest", function()
  it("tells the day at nine in the evening, beside what is usual", function(t)
    t.rule "nightly_digest"
    for day = 15, 28 do
      t.sample("steps", 8000, { at = ("2026-02-%02dT12:00Z"):format(day) })
    end
    t.sample("steps", 12000, { at = "2026-03-01T11:00Z" })
    t.event { "workout.created", sport = "cycling", elapsed = "90min", distance = "30km" }
    t.clock.advance "10h"
    t.expect_fired("nightly_digest", 1)
    local text = t.notifications()[1].text
    expect(text).contains "steps 12000 (+50 %)"
    expect(text).contains "did cycling 1 h 30 min, 30.0 km"
  end)

  it("says that there was nothing, and goes where it is told to", function(t)
    t.rule("nightly_digest", { channel = "log" })
    t.clock.advance "10h"
    expect(t.notifications()[1].text).equals "Nothing was recorded today."
    expect(t.notifications()[1].channel).equals "log"
  end)
end)

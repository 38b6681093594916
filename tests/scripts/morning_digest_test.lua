describe("morning_digest", function()
  it("tells last night and yesterday at seven, beside what is usual, a workout of two sources once", function(t)
    t.rule "morning_digest"
    for day = 15, 28 do
      t.sample("steps", 8000, { at = ("2026-02-%02dT12:00Z"):format(day) })
    end
    t.sample("steps", 10000, { at = "2026-03-01T11:00Z" })
    for _, provider in ipairs { "garmin", "phone" } do
      t.event { "workout.created", sport = "running", elapsed = "45min", distance = "9km", provider = provider }
    end
    t.clock.set "2026-03-02T06:00Z"
    t.event { "sleep.created", start = "2026-03-01T22:00Z", finish = "2026-03-02T05:00Z", asleep = "6h30min" }
    t.clock.set "2026-03-02T07:30Z"
    t.expect_fired("morning_digest", 1)
    local text = t.notifications()[1].text
    expect(text).contains "slept 6 h 30 min"
    expect(text).contains "yesterday: steps 10000 (+25 %)"
    expect(select(2, text:gsub("did running 0 h 45 min, 9.0 km", ""))).equals(1)
  end)

  it("tells how long the night was where nobody knows when it was slept", function(t)
    t.rule "morning_digest"
    t.clock.set "2026-03-02T06:00Z"
    t.event { "sleep.created", start = "2026-03-01T22:00Z", finish = "2026-03-02T05:00Z", in_bed = "7h" }
    t.clock.set "2026-03-02T07:30Z"
    expect(t.notifications()[1].text).equals "in bed 7 h 00 min"
  end)

  it("says that nothing has come, and goes where it is told to", function(t)
    t.rule("morning_digest", { channel = "log" })
    t.clock.advance "20h"
    expect(t.notifications()[1].text).contains "Nothing has come"
    expect(t.notifications()[1].channel).equals "log"
  end)
end)

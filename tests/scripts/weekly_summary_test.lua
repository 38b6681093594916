describe("weekly_summary", function()
  it("comes on Sunday at seven in the evening with what there was", function(t)
    t.rule "weekly_summary"
    for day = 23, 28 do
      t.sample("steps", day == 26 and 13000 or 7000, { at = ("2026-02-%02dT12:00Z"):format(day) })
    end
    t.sample("weight", 81.2, { unit = "kg", at = "2026-02-27T07:00Z" })
    t.event { "workout.created", sport = "running", elapsed = "40min", start = "2026-02-27T08:00Z" }
    t.clock.advance "6h"
    t.expect_fired("weekly_summary", 0)
    t.clock.advance "2h"
    t.expect_fired("weekly_summary", 1)
    local text = t.notifications()[1].text
    expect(text).contains "48000 steps, 8000 a day, best day Thursday with 13000, one day without any"
    expect(text).contains "weight 81.2 kg"
    expect(text).contains "1 workout."
  end)

  it("comes every week, and once for each", function(t)
    t.rule "weekly_summary"
    t.clock.advance "22d"
    t.expect_fired("weekly_summary", 4)
    expect(t.notifications()[4].text).equals "Nothing came of this week: is everything still connected?"
  end)
end)

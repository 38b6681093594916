describe("short_sleep", function()
  it("says so after five and a half hours, once a night", function(t)
    t.rule "short_sleep"
    t.event { "sleep.created", id = "n1", start = "2026-03-01T01:00Z", finish = "2026-03-01T06:45Z", asleep = "5h30min" }
    t.event { "sleep.updated", id = "n1", start = "2026-03-01T01:00Z", finish = "2026-03-01T06:45Z", asleep = "5h20min" }
    t.expect_fired("short_sleep", 1)
    expect(t.notifications()[1].text).contains "You slept 5 h 30 min"
  end)

  it("leaves a good night and a nap alone, and keeps to its parameter", function(t)
    t.rule("short_sleep", { below = "5h" })
    t.event { "sleep.created", start = "2026-03-01T01:00Z", finish = "2026-03-01T07:00Z", asleep = "5h30min" }
    t.event { "sleep.created", start = "2026-03-01T10:00Z", finish = "2026-03-01T10:40Z", asleep = "35min" }
    t.expect_fired("short_sleep", 0)
  end)
end)

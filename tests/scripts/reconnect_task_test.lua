describe("reconnect_task", function()
  it("writes one task for each time, with what to do", function(t)
    t.rule "reconnect_task"
    t.event { "connection.needs_user", connection = "strava", text = "mend it with: syncwell connect strava" }
    expect(#t.tasks()).equals(1)
    expect(t.tasks()[1].title).equals "Reconnect strava"
    expect(t.tasks()[1].notes).contains "syncwell connect strava"
    expect(t.tasks()[1].due).contains "2026-03-02T12:00"
  end)

  it("leaves a sync that failed alone: that is tried again by itself", function(t)
    t.rule "reconnect_task"
    t.event { "sync.failed", connection = "strava", error = "no answer" }
    expect(#t.tasks()).equals(0)
  end)
end)

describe("history_ready", function()
  it("tells how much a first sync brought, and nothing of later ones", function(t)
    t.rule "history_ready"
    t.connect "nightscout"
    t.event { "backfill.finished", connection = "nightscout", added = 288 }
    expect(t.notifications()[1].text).contains "nightscout brought 288 records and values of the past."
    t.event { "sync.finished", connection = "nightscout", added = 3 }
    t.expect_fired("history_ready", 1)
  end)
end)

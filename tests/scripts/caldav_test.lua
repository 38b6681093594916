describe("caldav", function()
  it("gets the entry that a rule wrote, under an address of its own", function(t)
    t.connect("caldav", { base_url = "https://cloud.example/dav/me/health" })
    t.rule "hydrate"
    local hour = { "workout.created", elapsed = "2h" }
    t.event(hour)
    t.expect_fired("hydrate", 1)
    local put = t.http.requests()[1]
    expect(put.method).equals "PUT"
    expect(put.path).contains "/dav/me/health/"
    expect(put.headers["If-None-Match"]).equals "*"
    expect(put.body).contains "SUMMARY:Hydration reminder"
  end)
end)

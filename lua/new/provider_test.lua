-- The service answers from NAME.json, which stands beside this file: put its own answers there.
describe("NAME", function()
  it("brings what was recorded, and the second time nothing new", function(t)
    t.connect "NAME"
    t.http.replay "NAME.json"
    expect(t.sync "NAME".new).equals(3)
    local w = t.records "workout"[1]
    expect(w.start).contains "2026-03-01T08:00:00+01:00"
    expect(w.attributes.distance_m).equals(12000)
    expect(t.days "weight"[1].value).near(72.575, 0.001)
    expect(t.sync "NAME".new).equals(0)
  end)

  it("sends the key where the service wants it", function(t)
    t.connect("NAME", { secrets = { api_key = "k-123" } })
    t.http.replay "NAME.json"
    t.sync "NAME"
    expect(t.http.requests()[1].headers.Authorization).equals "Bearer k-123"
  end)
end)

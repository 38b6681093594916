describe("tag_long", function()
  it("tags what is longer and nothing else", function(t)
    t.rule("tag_long", { tag = "big" })
    t.event { "workout.created", sport = "cycling", elapsed = "3h", start = "2026-03-01T08:00Z" }
    t.event { "workout.created", sport = "running", elapsed = "80min", start = "2026-02-28T18:00Z" }
    local tags = {}
    for _, w in ipairs(t.records "workout") do
      tags[w.type] = table.concat(w.attributes.tags or {}, ",")
    end
    expect(tags).equals { cycling = "big", running = "" }
  end)
end)

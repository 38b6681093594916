local export = { data = { metrics = {
  { name = "step_count", units = "count", data = { { date = "2026-03-01 00:00:00 +0100", qty = 8432 } } },
  { name = "weight_body_mass", units = "lb", data = { { date = "2026-03-01 07:01:00 +0100", qty = 160 } } },
  { name = "moon_phase", units = "count", data = { { date = "2026-03-01 07:01:00 +0100", qty = 1 } } } } } }

describe("phone", function()
  it("takes what Health Auto Export posts, the same document twice adding nothing", function(t)
    t.connect "phone"
    t.post("phone", export)
    t.post("phone", export)
    expect(t.days "weight"[1].value).near(72.575, 0.001)
    expect(#t.samples "weight").equals(1)
    expect(t.days "steps"[1].value).equals(8432)
  end)
end)

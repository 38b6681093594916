-- Each test is a person of its own, without data, at noon on 2026-03-01. `syncwell test` runs it.
describe("NAME", function()
  it("says so after 61 minutes, once", function(t)
    t.rule "NAME"
    t.event { "workout.created", sport = "running", elapsed = "61min" }
    t.expect_fired("NAME", 1)
    expect(t.notifications()[1].text).contains "61 min"
  end)

  it("leaves 59 minutes alone", function(t)
    t.rule("NAME", { min = "60min" })
    t.event { "workout.created", elapsed = "59min" }
    t.expect_fired("NAME", 0)
  end)
end)

describe("rest_day", function()
  it("speaks at six days in a row, once, and not at five", function(t)
    t.rule "rest_day"
    for day = 1, 7 do
      t.event { "workout.created", sport = "running", elapsed = "30min" }
      t.expect_fired("rest_day", day >= 6 and 1 or 0)
      t.clock.advance "1d"
    end
    expect(t.notifications()[1].text).contains "A day of rest makes you no weaker."
  end)
end)

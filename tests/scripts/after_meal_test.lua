-- A reading every ten minutes from now on.
local function readings(t, ...)
  for _, value in ipairs { ... } do
    t.sample("blood_glucose", value)
    t.clock.advance "10min"
  end
end

describe("after_meal", function()
  it("asks when it stayed high for half an hour, once, with a tag for each answer", function(t)
    t.rule "after_meal"
    t.event { "meal.created", carbs = "80g", name = "pasta" }
    readings(t, 110, 150, 190, 200, 210)
    expect(#t.notifications()).equals(0)
    readings(t, 215, 220, 220, 190)
    expect(#t.notifications()).equals(1)
    local message = t.notifications()[1]
    expect(message.text).contains "after 80 g of carbohydrates"
    expect(message.buttons[1].tag).equals "insulin-before"
  end)

  it("is silent after a small meal, a short rise, and when all is over", function(t)
    t.rule "after_meal"
    t.event { "meal.created", carbs = "40g", name = "bread" }
    readings(t, 190, 190, 190, 190, 190, 120)
    t.event { "meal.created", carbs = "80g", name = "rice" }
    readings(t, 190, 190, 160, 190, 190, 120)
    t.clock.advance "3h"
    readings(t, 190, 190, 190, 190, 190)
    expect(#t.notifications()).equals(0)
  end)
end)

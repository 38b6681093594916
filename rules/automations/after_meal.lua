-- Glucose that stays high after a big meal: asks what helps to learn from it, and keeps the answer as a tag.
--   syncwell rules install after_meal --set carbs=40
local sw = require "syncwell"

return sw.rule {
  title = "High after a meal",
  doc = "Asks, and tags the meal, when glucose stayed over 180 for half an hour after many carbohydrates.",
  params = { carbs = sw.number { default = 60, min = 10, max = 300, doc = "grams that make it a big meal" } },
  on = sw.event "meal.created",
  max_age = "2h",
  when = function(meal, ctx) return meal.carbs_g ~= nil and meal.carbs_g > ctx.params.carbs end,
  reads = { "blood_glucose" },
  uses = { "notify", "record:write" },
  run = function(meal, ctx)
    local rise = sw.threshold { "blood_glucose", enter = ">180", lasting = "30min" }
    if ctx.wait_for(rise, { timeout = "3h" }) then
      ctx.notify { title = "After the meal", values = { carbs = meal.carbs },
        text = "Half an hour over 180 after {carbs} of carbohydrates. When was the insulin?",
        buttons = { { text = "Before it", tag = "insulin-before" },
          { text = "After it", tag = "insulin-after" }, { text = "None", tag = "insulin-none" } } }
    end
  end,
}

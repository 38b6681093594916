-- SPDX-License-Identifier: MIT
-- MyFitnessPal's export: a row a meal, exercises without a time of day, weights without a unit (it is that
-- of the account: --weight-unit says it). A calorie adjustment is no exercise. Found by lua/shapes.lua.
local function amount(at, metric, unit)
  return { at = at, metric = metric, unit = unit }
end

local function weighing(_, options)
  if not options.weight_unit then
    return {}, "the unit of the weights is not in the file: import it again with --weight-unit kg, lb or st"
  end
  return { { at = "Weight", metric = "weight", unit = options.weight_unit, skip_zero = true } }
end

local function exercise(state, m, out)
  local minutes = state.number(m.minutes)
  if not m.name or m.name:find("calorie adjustment", 1, true) then
    return
  elseif not m.start_ms or not minutes or minutes <= 0 then
    return out.reject("an exercise without a length: sets and repetitions are not kept")
  end
  local key = ("myfitnesspal:exercise:%s:%s"):format(m.day, m.name)
  state.seen[key] = (state.seen[key] or 0) + 1
  out.record { kind = "workout", external_id = ("%s:%d"):format(key, state.seen[key]), start = m.start_ms,
    finish = m.start_ms + math.floor(minutes * 60000 + 0.5), origin = m.origin,
    attributes = { name = m.name, category = m.type, timer_s = minutes * 60,
      energy_kcal = state.number(m.energy) } }
end

local DAY = { at = "Date", clock = "wall" }

return {
  name = "myfitnesspal", title = "MyFitnessPal export", provider = "myfitnesspal",
  origin = { name = "MyFitnessPal", kind = "app" },
  start = function()
    return { seen = {} }
  end,
  tables = {
    { name = "meals", columns = { "Date", "Meal", "Calories" }, time = DAY, apart = true,
      values = { amount("Calories", "energy_intake", "kcal"), amount("Fat (g)", "fat", "g"),
        amount("Carbohydrates (g)", "carbs", "g"), amount("Protein (g)", "protein", "g"),
        amount("Fiber", "fiber", "g"), amount("Sugar", "sugar", "g"), amount("Sodium (mg)", "sodium",
          "mg") } },
    { name = "weights", file = "^Measurement", columns = { "Date", "Weight" }, time = DAY,
      values = weighing },
    { name = "exercises", columns = { "Date", "Exercise", "Exercise Minutes" }, time = DAY, row = exercise,
      fields = { day = "Date", name = "Exercise", type = "Type", minutes = "Exercise Minutes",
        energy = "Exercise Calories" } },
  },
}

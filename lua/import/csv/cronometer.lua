-- SPDX-License-Identifier: MIT
-- Cronometer's export: servings, totals of days, body measures with the unit in a cell, exercises. Burned
-- energy is written with a minus. An empty day is not known, never 0. Found by lua/shapes.lua.
local WHEN = { at = "Day", with = "Time", clock = "wall" }

local function amount(at, metric, unit)
  return { at = at, metric = metric, unit = unit }
end

local FOOD = { amount({ "Energy (kcal)", "Energy" }, "energy_intake", "kcal"), amount("Protein (g)",
  "protein", "g"),
  amount("Carbs (g)", "carbs", "g"), amount("Fat (g)", "fat", "g"), amount("Fiber (g)", "fiber", "g"),
  amount("Sugars (g)", "sugar", "g"), amount("Sodium (mg)", "sodium", "mg"), amount("Water (g)", "water",
    "mL"),
  amount("Caffeine (mg)", "caffeine", "mg"), amount("Alcohol (g)", "alcohol", "g") }

local function measure(name, metric, unit, part)
  return { at = "Amount", unit_at = not part and "Unit" or nil, unit = unit, metric = metric, part = part,
    only = { at = "Metric", is = name } }
end

local function exercise(state, m, out)
  local minutes, energy = state.number(m.minutes), state.number(m.energy)
  if not m.start_ms or not minutes or minutes <= 0 then
    return out.reject("a workout without any length")
  end
  local key = ("cronometer:exercise:%s:%s"):format(m.when or "", m.name or "")
  state.seen[key] = (state.seen[key] or 0) + 1
  out.record { kind = "workout", external_id = ("%s:%d"):format(key, state.seen[key]), start = m.start_ms,
    finish = m.start_ms + math.floor(minutes * 60000 + 0.5), origin = m.origin,
    attributes = { name = m.name, timer_s = minutes * 60, energy_kcal = energy and math.abs(energy) } }
end

local function note(_, m, out)
  if m.text and m.start_ms then
    out.record { kind = "note", external_id = ("cronometer:note:%d:%s"):format(m.start_ms,
      sw.sys.hash(m.text)),
      start = m.start_ms, finish = m.start_ms, origin = m.origin, attributes = { note = m.text } }
  end
end

return {
  name = "cronometer", title = "Cronometer export", provider = "cronometer",
  origin = { name = "Cronometer", kind = "app" },
  start = function()
    return { seen = {} }
  end,
  tables = {
    { name = "servings", columns = { "Day", "Food Name", "Amount" }, time = WHEN, values = FOOD,
      apart = true },
    { name = "days", columns = { "Date", "Completed", FOOD[1].at }, day = { at = "Date" }, totals = FOOD },
    { name = "measures", columns = { "Day", "Metric", "Unit", "Amount" }, time = WHEN,
      values = { measure("Weight", "weight", "kg"), measure("Body Fat", "body_fat", "%"),
        measure("Heart Rate", "heart_rate", "bpm"), measure("Blood Glucose", "blood_glucose", "mg/dL"),
        measure("Body Temperature", "body_temperature", "Cel"),
        measure("Blood Pressure", "blood_pressure_systolic", "mmHg", 1),
        measure("Blood Pressure", "blood_pressure_diastolic", "mmHg", 2) } },
    { name = "exercises", columns = { "Day", "Exercise", "Minutes" }, time = WHEN, row = exercise,
      fields = { when = "Day", name = "Exercise", minutes = "Minutes", energy = "Calories Burned" } },
    { name = "notes", columns = { "Day", "Group", "Note" }, time = WHEN, row = note,
      fields = { text = "Note" } },
  },
}

-- Food and drink. Two equal foods at one time are two samples (by_value), so nothing is lost.
-- One row a metric; see lua/metrics/README.md for the fields.
local function amount(name, title, unit, max, scale)
  return { name = name, title = title, unit = unit, kind = "cumulative", daily = "sum", min = 0, max = max,
    scale = scale or 1000, sparse = true, by_value = true }
end

return {
  amount("energy_intake", "Energy eaten", "kcal", 20000),
  amount("protein", "Protein", "g", 2000),
  amount("carbs", "Carbohydrates", "g", 3000),
  amount("fat", "Fat", "g", 2000),
  amount("fiber", "Fiber", "g", 500),
  amount("sugar", "Sugar", "g", 2000),
  amount("sodium", "Sodium", "mg", 50000),
  amount("water", "Water", "mL", 20000),
  amount("caffeine", "Caffeine", "mg", 3000),
  amount("alcohol", "Alcohol", "g", 1000),
}

-- Movement through the day: amounts that add up.
-- One row a metric; see lua/metrics/README.md for the fields.
return {
  { name = "steps", title = "Steps", unit = "{step}", kind = "cumulative", daily = "sum", min = 0,
    max = 100000, scale = 100 },
  { name = "distance", title = "Distance", unit = "m", kind = "cumulative", daily = "sum", min = 0,
    max = 1000000, scale = 1000 },
  { name = "floors", title = "Floors climbed", unit = "1", kind = "cumulative", daily = "sum", min = 0,
    max = 3000, scale = 100 },
  { name = "active_energy", title = "Active energy", unit = "kcal", kind = "cumulative", daily = "sum",
    min = 0, max = 20000, scale = 1000 },
  { name = "basal_energy", title = "Basal energy", unit = "kcal", kind = "cumulative", daily = "sum",
    min = 0, max = 10000, scale = 1000 },
  { name = "vo2max", title = "VO2max", unit = "mL/kg/min", kind = "instant", daily = "last", min = 5,
    max = 110, scale = 100, sparse = true },
  { name = "workout_load", title = "Workout load", unit = "{score}", kind = "interval", daily = "sum",
    min = 0, max = 5000, scale = 10, sparse = true },
  { name = "training_readiness", title = "Training readiness", unit = "{score}", kind = "interval",
    daily = "last", min = 0, max = 100, scale = 10, sparse = true },
}

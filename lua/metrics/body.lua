-- The body: weight and what it is made of, temperature, cycle.
-- One row a metric; see lua/metrics/README.md for the fields.
return {
  { name = "weight", title = "Weight", unit = "kg", kind = "instant", daily = "last", min = 1, max = 500, scale = 1000, sparse = true },
  { name = "body_fat", title = "Body fat", unit = "%", kind = "instant", daily = "last", min = 1, max = 80, scale = 100, sparse = true },
  { name = "lean_mass", title = "Lean mass", unit = "kg", kind = "instant", daily = "last", min = 1, max = 300, scale = 1000, sparse = true },
  { name = "bone_mass", title = "Bone mass", unit = "kg", kind = "instant", daily = "last", min = 0.1, max = 30, scale = 1000, sparse = true },
  { name = "body_water", title = "Body water", unit = "%", kind = "instant", daily = "last", min = 10, max = 90, scale = 100, sparse = true },
  { name = "bmi", title = "Body mass index", unit = "kg/m2", kind = "instant", daily = "last", min = 5, max = 120, scale = 10000, sparse = true },
  { name = "height", title = "Height", unit = "m", kind = "instant", daily = "last", min = 0.3, max = 2.8, scale = 10000, sparse = true },
  { name = "skin_temperature", title = "Skin temperature", unit = "Cel", kind = "instant", daily = "mean", min = 20, max = 45, scale = 1000, sparse = true },
  { name = "body_temperature", title = "Body temperature", unit = "Cel", kind = "instant", daily = "mean", min = 30, max = 45, scale = 1000, sparse = true },
  { name = "menstruation", title = "Menstruation", unit = "{score}", kind = "category", daily = "max", min = 0, max = 10, scale = 1, sparse = true },
  { name = "medication", title = "Medication taken", unit = "1", kind = "cumulative", daily = "sum", min = 0, max = 100, scale = 100, sparse = true, by_value = true },
}

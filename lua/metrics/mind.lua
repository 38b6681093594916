-- Mind and recovery.
-- One row a metric; see lua/metrics/README.md for the fields.
return {
  { name = "stress", title = "Stress", unit = "{score}", kind = "instant", daily = "mean", min = 0,
    max = 100, scale = 10 },
  { name = "recovery", title = "Recovery", unit = "%", kind = "interval", daily = "last", min = 0, max = 100,
    scale = 10, sparse = true },
  { name = "readiness", title = "Readiness", unit = "{score}", kind = "interval", daily = "last", min = 0,
    max = 100, scale = 10, sparse = true },
  { name = "mindful_minutes", title = "Mindful minutes", unit = "min", kind = "cumulative", daily = "sum",
    min = 0, max = 1440, scale = 1000, sparse = true },
  { name = "mood", title = "Mood", unit = "{score}", kind = "instant", daily = "mean", min = 0, max = 10,
    scale = 10, sparse = true },
}

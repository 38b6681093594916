-- Heart, breath and blood. The two kinds of heart rate variability are two metrics, never one.
-- One row a metric; see lua/metrics/README.md for the fields.
return {
  { name = "heart_rate", title = "Heart rate", unit = "/min", kind = "instant", daily = "mean", min = 20,
    max = 260, scale = 100 },
  { name = "resting_heart_rate", title = "Resting heart rate", unit = "/min", kind = "interval",
    daily = "mean", min = 20, max = 150, scale = 100, sparse = true },
  { name = "hrv_rmssd", title = "HRV (RMSSD)", unit = "ms", kind = "instant", daily = "mean", min = 1,
    max = 500, scale = 1000, sparse = true },
  { name = "hrv_sdnn", title = "HRV (SDNN)", unit = "ms", kind = "instant", daily = "mean", min = 1,
    max = 500, scale = 10000, sparse = true },
  { name = "spo2", title = "Blood oxygen", unit = "%", kind = "instant", daily = "mean", min = 50, max = 100,
    scale = 100, sparse = true },
  { name = "respiratory_rate", title = "Respiratory rate", unit = "/min", kind = "instant", daily = "mean",
    min = 3, max = 80, scale = 100 },
  { name = "blood_pressure_systolic", title = "Blood pressure, systolic", unit = "mmHg", kind = "instant",
    daily = "mean", min = 50, max = 300, scale = 10, sparse = true },
  { name = "blood_pressure_diastolic", title = "Blood pressure, diastolic", unit = "mmHg", kind = "instant",
    daily = "mean", min = 20, max = 200, scale = 10, sparse = true },
  { name = "blood_glucose", title = "Blood glucose", unit = "mg/dL", kind = "instant", daily = "mean",
    min = 10, max = 1000, scale = 100 },
  { name = "insulin", title = "Insulin", unit = "[iU]", kind = "cumulative", daily = "sum", min = 0,
    max = 300, scale = 1000, sparse = true, by_value = true },
}

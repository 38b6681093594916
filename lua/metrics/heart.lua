-- Heart, breath and blood. The two kinds of heart rate variability are two metrics, never one.
-- One row a metric; see lua/metrics/README.md for the fields.
return {
  { name = "heart_rate", title = "Heart rate", unit = "/min", kind = "instant", daily = "mean", min = 20,
    max = 260, scale = 100, loinc = "8867-4" },
  { name = "resting_heart_rate", title = "Resting heart rate", unit = "/min", kind = "interval",
    daily = "mean", min = 20, max = 150, scale = 100, sparse = true, loinc = "40443-4" },
  { name = "hrv_rmssd", title = "HRV (RMSSD)", unit = "ms", kind = "instant", daily = "mean", min = 1,
    max = 500, scale = 1000, sparse = true },
  { name = "hrv_sdnn", title = "HRV (SDNN)", unit = "ms", kind = "instant", daily = "mean", min = 1,
    max = 500, scale = 10000, sparse = true, loinc = "80404-7" },
  { name = "spo2", title = "Blood oxygen", unit = "%", kind = "instant", daily = "mean", min = 50, max = 100,
    scale = 100, sparse = true, loinc = "59408-5" },
  { name = "respiratory_rate", title = "Respiratory rate", unit = "/min", kind = "instant", daily = "mean",
    min = 3, max = 80, scale = 100, loinc = "9279-1" },
  { name = "blood_pressure_systolic", title = "Blood pressure, systolic", unit = "mmHg", kind = "instant",
    daily = "mean", min = 50, max = 300, scale = 10, sparse = true, loinc = "8480-6" },
  { name = "blood_pressure_diastolic", title = "Blood pressure, diastolic", unit = "mmHg", kind = "instant",
    daily = "mean", min = 20, max = 200, scale = 10, sparse = true, loinc = "8462-4" },
  { name = "blood_glucose", title = "Blood glucose", unit = "mg/dL", kind = "instant", daily = "mean",
    min = 10, max = 1000, scale = 100, loinc = "2339-0" },
  { name = "insulin", title = "Insulin", unit = "[iU]", kind = "cumulative", daily = "sum", min = 0,
    max = 300, scale = 1000, sparse = true, by_value = true },
}

-- What is recorded second by second in a workout.
-- One row a metric; see lua/metrics/README.md for the fields.
return {
  { name = "speed", title = "Speed", unit = "m/s", kind = "instant", daily = "mean", min = 0, max = 150,
    scale = 1000 },
  { name = "cadence", title = "Cadence", unit = "/min", kind = "instant", daily = "mean", min = 0, max = 300,
    scale = 100 },
  { name = "power", title = "Power", unit = "W", kind = "instant", daily = "mean", min = 0, max = 4000,
    scale = 10 },
  { name = "altitude", title = "Altitude", unit = "m", kind = "instant", daily = "mean", min = -500,
    max = 10000, scale = 100 },
  { name = "latitude", title = "Latitude", unit = "deg", kind = "instant", daily = "last", min = -90,
    max = 90, scale = 10000000 },
  { name = "longitude", title = "Longitude", unit = "deg", kind = "instant", daily = "last", min = -180,
    max = 180, scale = 10000000 },
}

-- Sleep: computed per night from sleep records (engine/night.c), in minutes; scores as stated.
-- One row a metric; see lua/metrics/README.md for the fields.
local function minutes(name, title)
  return { name = name, title = title, unit = "min", kind = "interval", daily = "sum", min = 0, max = 2000,
    scale = 100, sparse = true }
end

return {
  minutes("sleep_duration", "Sleep"),
  minutes("sleep_in_bed", "In bed"),
  minutes("sleep_awake", "Awake at night"),
  minutes("sleep_light", "Light sleep"),
  minutes("sleep_deep", "Deep sleep"),
  minutes("sleep_rem", "REM sleep"),
  { name = "sleep_efficiency", title = "Sleep efficiency", unit = "%", kind = "interval", daily = "mean",
    min = 0, max = 100, scale = 100, sparse = true },
  { name = "sleep_score", title = "Sleep score", unit = "{score}", kind = "interval", daily = "mean",
    min = 0, max = 100, scale = 10, sparse = true },
}

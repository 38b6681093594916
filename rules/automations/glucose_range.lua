-- Glucose outside your range, said once in two hours. A note beside your meter's own alarms, not instead.
--   syncwell rules install glucose_range --set high=200 --set low=75
local sw = require "syncwell"

local function newest(ctx)
  local rows = ctx.series("blood_glucose", { last = "1d", every = "hour" }).rows
  local row, hour_ago = rows[#rows], os.date("%Y-%m-%dT%H", os.time() - 3600)
  return row and row.hour:sub(1, 13) >= hour_ago and row.last or nil
end

local function where(value, params)
  return value < params.low and "low" or value > params.high and "high" or "in range"
end

return sw.rule {
  title = "Glucose out of range",
  doc = "Looks every half hour whether the newest glucose left your range; says so once in two hours.",
  params = {
    low = sw.number { default = 70, min = 40, max = 120, doc = "mg/dL; below it is low" },
    high = sw.number { default = 180, min = 100, max = 400, doc = "mg/dL; above it is high" },
  },
  on = sw.every "30min",
  reads = { "blood_glucose" },
  uses = { "notify" },
  run = function(_, ctx)
    local value = newest(ctx)
    if not value then return end
    local state = where(value, ctx.params)
    if state ~= "in range" then
      ctx.notify { title = "Glucose", priority = state == "low" and "high" or "normal", once_per = "2h",
        text = "Your glucose is {state}. Look at your meter; this is a note and no alarm.",
        values = { state = state } }
    end
  end,
}

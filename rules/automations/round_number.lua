-- The tenth, hundredth, thousandth workout.
--   syncwell rules install round_number
local sw = require "syncwell"

local round = { [10] = true, [50] = true, [100] = true, [250] = true, [500] = true, [1000] = true,
  [2500] = true }

return sw.rule {
  title = "A round number of workouts",
  doc = "A warm word at your 10th, 50th, 100th, 250th ... workout that is kept here.",
  on = sw.event "workout.created",
  max_age = "2d",
  quiet_hours = "21:00-08:00",
  reads = { "workout" },
  uses = { "notify" },
  run = function(_, ctx)
    local n = ctx.count "workout"
    if round[n] then
      ctx.notify { title = "A round number",
        text = "That was your workout number {number}. Well moved.", values = { number = n } }
    end
  end,
}

-- Job "step": a firing goes on after its wait: the end of a sleep, an event, its timeout, an answer.
-- payload: { firing = "rule|key", n = number of the step it waits at, 0: its turn in a queue }
local steps = require("steps")

local step = {}

function step.run(ctx, job)
  return steps.resume(ctx, job, job.payload.firing, job.payload.n)
end

return step

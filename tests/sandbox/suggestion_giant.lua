-- attack: cpu as rule, 100 ms
-- ends: error MB of memory
-- ends: error used more than 500 ms of CPU time
-- ends: error unknown key 'kkkk
-- ends at 4 MB: error MB of memory
local sw = require "syncwell"
local spec = { on = "workout.created", run = print }
for i = 1, 20 do spec[("k"):rep(1000000) .. i] = true end return sw.rule(spec)

-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends: error MB of memory
-- ends: killed did not react to its limit of 100 ms
local t = {}
for i = 1, 1e7 do t[2.0 ^ -(i % 1000) * (1 << 40) + i * 2.0 ^ 52] = true end

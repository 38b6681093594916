-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends: error MB of memory
-- ends: killed did not react to its limit of 100 ms
local t, step = {}, ((1 << 16) - 1) * ((1 << 17) - 1) -- one place in tables of either size
for i = 1, 1000000 do t[i * step] = true end

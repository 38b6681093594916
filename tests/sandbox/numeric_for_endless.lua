-- attack: cpu, 100 ms
-- ends: error 3: stopped: used more than 100 ms of CPU time
for _ = 1, math.huge do end

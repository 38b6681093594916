-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends at 4 MB: error MB of memory
-- ends at 4 MB: error used more than 100 ms of CPU time
local t = {}
for i = 1, 20000 do t[i] = i end
while true do select("#", table.unpack(t)) end

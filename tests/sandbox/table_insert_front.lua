-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends at 4 MB: error used more than 100 ms of CPU time
-- ends at 4 MB: error MB of memory
local t = {}
while true do table.insert(t, 1, 1) end

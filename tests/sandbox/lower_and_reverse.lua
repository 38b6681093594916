-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends at 4 MB: error MB of memory
-- ends at 4 MB: error used more than 100 ms of CPU time
local s = ("A"):rep(1000000)
while true do s:lower():reverse():upper() end

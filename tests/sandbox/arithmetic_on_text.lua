-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local n = ("1"):rep(190)
while true do local _ = n + n * n end

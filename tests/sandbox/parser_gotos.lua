-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends: killed did not react to its limit of 100 ms
local parts = {}
for i = 1, 3500 do parts[i] = "goto l" .. i end
while true do load("do " .. table.concat(parts, " ") .. " end") end

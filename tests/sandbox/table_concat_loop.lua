-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local t = {}
for i = 1, 20000 do t[i] = i end
while true do table.concat(t, ",") end

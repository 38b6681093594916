-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function h(e) xpcall(error, h, e) end
while true do xpcall(error, h, "x") end

-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function handler(e) error(e) end
while true do xpcall(error, handler, "x") end

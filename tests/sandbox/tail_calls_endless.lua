-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function f() return f() end
return f()

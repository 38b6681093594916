-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function f() pcall(f) pcall(f) end
f()

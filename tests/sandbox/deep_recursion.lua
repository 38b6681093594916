-- attack: crash, 100 ms
-- ends: error stack overflow
-- ends: error MB of memory
local function f(n) return 1 + f(n + 1) end
return f(1)

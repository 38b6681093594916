-- attack: memory, 2000 ms
-- ends: error MB of memory
-- ends: error stack overflow
-- ends: error too many
local function f(...) return f(1, 2, 3, 4, 5, 6, 7, 8, ...) + 1 end
return f()

-- attack: memory, 1000 ms
-- ends: error stack overflow
-- ends: error too many results
-- ends: error MB of memory
local t = {}
for i = 1, 50000 do t[i] = i end
local function f(n, ...) return f(n + 1, table.unpack(t)) + 1 end
return f(1)

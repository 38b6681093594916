-- attack: memory, 5000 ms
-- ends: error MB of memory
local t = {}
for i = 1, 1e9 do t[i] = i end

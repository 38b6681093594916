-- attack: memory, 1000 ms
-- ends: error of data
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
local t = {}
for i = 1, 30000 do t[i] = { i } end
return t

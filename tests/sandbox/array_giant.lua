-- attack: memory, 5000 ms
-- ends: error 4: stopped: used more than
local t = {}
for i = 1, 1e9 do t[i] = i end

-- attack: memory, 100 ms
-- ends: value table
local t = {}
t.t = t
return t

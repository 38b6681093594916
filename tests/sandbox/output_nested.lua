-- attack: memory, 100 ms
-- ends: value table
local t = {}
for _ = 1, 1000 do t = { t } end
return t

-- attack: memory, 10000 ms
-- ends: error MB of memory
local t = {}
while true do t = { t, t, t, t, t, t, t, t, t, t, t, t, t, t, t, t } end

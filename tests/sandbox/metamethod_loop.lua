-- attack: crash, 100 ms
-- ends: error 5: '__index' chain too long
local t = setmetatable({}, {})
getmetatable(t).__index = t
return t.x

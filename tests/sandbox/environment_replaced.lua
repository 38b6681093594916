-- attack: escape, 100 ms
-- ends: value nil
local print, tostring = print, tostring
local _ENV = setmetatable({}, { __index = function(_, key) return key end })
return tostring(nil)

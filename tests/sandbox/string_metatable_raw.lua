-- attack: escape, 100 ms
-- ends: value true
assert(getmetatable("x") == false and not pcall(setmetatable, "x", { __index = {} }))
local mt = getmetatable("x")
assert(not pcall(rawset, mt, "__index", {}) and not pcall(rawget, mt, "__index"))
string.upper = function() return "changed" end
return ("a"):upper() == "A" and not pcall(function() ("").upper = 1 end)

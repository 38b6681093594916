-- attack: escape, 100 ms
-- ends: value true
assert(getmetatable("") == false)
assert(not pcall(setmetatable, "", {}))
string.rep = function() return "changed" end
assert(("x"):rep(2) == "xx")
return true

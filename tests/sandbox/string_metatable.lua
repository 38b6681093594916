-- expect: ok
assert(getmetatable("") == false)
assert(not pcall(setmetatable, "", {}))
string.rep = function() return "changed" end
assert(("x"):rep(2) == "xx")
return true

-- attack: escape, 100 ms
-- ends: value true
assert(load("return io")() == nil)
assert(load("return debug or package or collectgarbage or dofile or loadfile")() == nil)
local seen = load("return _ENV")()
return seen == _G and not pcall(load, function() return nil end)

-- attack: escape, 100 ms
-- ends: value true
local f = load("return x, io, _ENV", "=syncwell/init.lua", "t", { x = 1 })
local x, io, env = f()
return x == 1 and io == nil and env.x == 1 and load("return string")() == string

-- attack: memory, 100 ms
-- ends: value true
local f, message = load(("x = 1 "):rep(20000))
return f == nil and message:find("over 64 KB") ~= nil

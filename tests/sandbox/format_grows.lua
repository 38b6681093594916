-- attack: memory, 2000 ms
-- ends: error MB of memory
local s = ("x"):rep(200000)
while true do s = ("%s%s"):format(s, s) end

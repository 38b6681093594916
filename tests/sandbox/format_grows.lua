-- attack: memory, 2000 ms
-- ends: error 4: stopped: used more than
local s = ("x"):rep(200000)
while true do s = ("%s%s"):format(s, s) end

-- attack: memory, 2000 ms
-- ends: error 4: stopped: used more than
local s = "x"
while true do s = s .. s end

-- attack: memory, 2000 ms
-- ends: error MB of memory
local s = "x"
while true do s = s .. s end

-- attack: memory, 100 ms
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
local t, piece = {}, ("x"):rep(100000)
while true do t[#t + 1] = piece .. #t end

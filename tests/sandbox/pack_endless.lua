-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local form = ("i16"):rep(3000)
while true do string.packsize(form) end

-- attack: memory, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends: error MB of memory
local t = {}
for i = 1, 5000 do t[i] = 0x7FFFFFFF end
local s = ""
while true do s = s .. utf8.char(table.unpack(t)) end

-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local form = ("%99.99f"):rep(500)
local numbers = {}
for i = 1, 500 do numbers[i] = 1e308 end
while true do form:format(table.unpack(numbers)) end

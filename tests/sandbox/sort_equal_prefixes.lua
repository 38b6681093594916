-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local t, piece = {}, ("a"):rep(20000)
for i = 1, 60 do t[i] = piece .. i end
while true do table.sort(t, function(a, b) return b < a end) table.sort(t) end

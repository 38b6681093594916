-- attack: cpu, 100 ms
-- ends: value true
local t = {}
for i = 1, 1000 do t[i] = i end
table.sort(t, function() return true end)
return #t == 1000

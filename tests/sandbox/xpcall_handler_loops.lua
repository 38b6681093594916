-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
xpcall(function() while true do end end, function() while true do end end)
while true do end

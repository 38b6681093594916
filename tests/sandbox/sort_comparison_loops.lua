-- attack: cpu, 100 ms
-- ends: error 3: stopped: used more than 100 ms of CPU time
table.sort({ 1, 2, 3 }, function() while true do end end)

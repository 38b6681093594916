-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
while true do pcall(function() while true do end end) end

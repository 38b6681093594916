-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
while true do xpcall(error, function(e) return e end, "again") end

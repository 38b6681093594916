-- attack: cpu, 100 ms
-- ends: error 3: stopped: used more than 100 ms of CPU time
while os.clock() < 1e9 do end

-- attack: cpu, 100 ms
-- ends: error 3: stopped: used more than 100 ms of CPU time
repeat local x = 1 until x == 2

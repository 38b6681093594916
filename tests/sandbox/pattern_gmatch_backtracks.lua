-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
for _ in (("a"):rep(4000)):gmatch(".-.-.-b") do end

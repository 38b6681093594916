-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
return (("a"):rep(200000)):find(".-%f[b].-%f[b]b")

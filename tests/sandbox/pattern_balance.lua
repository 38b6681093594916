-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
return (("("):rep(200000)):gsub("%b()", "")

-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
return (("a"):rep(100000)):gsub("(.-)%1%1%1b", "")

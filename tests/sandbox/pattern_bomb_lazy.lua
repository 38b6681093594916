-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
return (("a"):rep(5000)):find((".-"):rep(12) .. "b")

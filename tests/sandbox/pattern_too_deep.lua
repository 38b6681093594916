-- attack: cpu, 100 ms
-- ends: error pattern too complex
-- ends: error used more than 100 ms of CPU time
return (("a"):rep(300000)):find(("a?"):rep(300000) .. "b")

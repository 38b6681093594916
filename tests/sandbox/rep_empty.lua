-- attack: cpu, 100 ms
-- ends: value true
return (""):rep(math.maxinteger) == "" and ("x"):rep(-1) == ""

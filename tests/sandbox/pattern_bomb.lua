-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
return (("a"):rep(40)):find(("a?"):rep(40) .. ("a"):rep(40) .. "b" .. (".-"):rep(10) .. "b")

-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
return (("a"):rep(29)):find("^" .. ("a?"):rep(30) .. ("a"):rep(30) .. "$")

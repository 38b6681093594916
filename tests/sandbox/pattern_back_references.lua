-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
return (("a"):rep(2000)):find("(a*)(a*)(a*)%1%2%3b")

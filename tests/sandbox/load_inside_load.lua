-- attack: cpu, 100 ms
-- ends: error stack overflow
-- ends: error used more than 100 ms of CPU time
code = "return load(code)()"
return 1 + load("return 1 + load(code)()")()

-- attack: memory, 100 ms
-- ends: error 3: would not fit
return ("x"):rep(1e12 // 1)

-- attack: memory, 100 ms
-- ends: error of data
return { [("k"):rep(100000)] = 1 }

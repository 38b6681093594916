-- attack: memory, 100 ms
-- ends: error KB of data
return ("x"):rep(20000), ("y"):rep(20000), ("z"):rep(20000), ("w"):rep(20000)

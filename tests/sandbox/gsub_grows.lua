-- attack: memory, 2000 ms
-- ends: error MB of memory
return (("x"):rep(100000)):gsub("x", ("y"):rep(10000))

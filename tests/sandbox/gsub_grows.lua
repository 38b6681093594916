-- attack: memory, 2000 ms
-- ends: error 3: stopped: used more than
return (("x"):rep(100000)):gsub("x", ("y"):rep(10000))

-- attack: memory, 100 ms
-- ends: value true
-- ends at 4 MB: error MB of memory
print(("x"):rep(3000000), ("y"):rep(100000))
return true

-- attack: memory, 100 ms
-- ends: error xxxx
-- ends at 4 MB: error would not fit
error(("x"):rep(5000000))

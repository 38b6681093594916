-- attack: crash, 100 ms
-- ends: error 3: too many elements to move
table.move({}, -1, math.maxinteger, 1)

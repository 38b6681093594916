-- attack: crash, 100 ms
-- ends: error 3: wrap around
table.move({ 1, 2, 3 }, 1, 3, math.maxinteger)

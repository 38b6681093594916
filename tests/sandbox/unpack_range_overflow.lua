-- attack: crash, 100 ms
-- ends: error 3: too many results
return table.unpack({}, math.mininteger, math.maxinteger)

-- attack: memory, 100 ms
-- ends: error 3: too many results
return table.unpack({}, 1, 1e8 // 1)

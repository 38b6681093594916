-- attack: crash, 100 ms
-- ends: value ab
local t = { [math.maxinteger] = "b", [math.maxinteger - 1] = "a" }
return table.concat(t, "", math.maxinteger - 1, math.maxinteger)

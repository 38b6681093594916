-- attack: crash, 1000 ms
-- ends: value 20000
local parts = {}
for i = 1, 20000 do parts[i] = "1" end
return #load("return {" .. table.concat(parts, ",") .. "}")()

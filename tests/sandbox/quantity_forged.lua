-- attack: escape, 100 ms
-- ends: error bad argument #1 to 'format'
local sw = require "syncwell"
local q = sw.quantity "60min"
rawset(q, "dim", "time")
rawset(q, "value", 0 / 0)
return tostring(q + "1h")

-- attack: cpu, 100 ms
-- ends: error '9999
-- ends: error MB of memory
local sw = require "syncwell"
return sw.quantity(("9"):rep(2000000) .. "min")

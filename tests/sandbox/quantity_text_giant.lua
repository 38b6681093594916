-- attack: cpu, 100 ms
-- ends: error '9999
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
local sw = require "syncwell"
return sw.quantity(("9"):rep(2000000) .. "min")

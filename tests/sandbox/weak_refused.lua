-- attack: crash, 100 ms
-- ends: error __mode is not allowed
setmetatable({}, { __mode = "k" })

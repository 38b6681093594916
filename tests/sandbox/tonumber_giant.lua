-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local digits = "0x" .. ("f"):rep(500000)
while true do tonumber(digits) tonumber(digits:sub(3), 36) end

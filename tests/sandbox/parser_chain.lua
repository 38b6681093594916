-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local source = "return " .. ("1 and "):rep(10000) .. "1"
while true do load(source) end

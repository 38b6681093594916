-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local source = "if x then " .. ("elseif x then "):rep(4900) .. "end"
while true do load(source) end

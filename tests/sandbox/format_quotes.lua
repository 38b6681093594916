-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local s = ("\1"):rep(300000)
while true do ("%q"):format(s) end

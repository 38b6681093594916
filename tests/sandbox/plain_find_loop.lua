-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local hay, needle = ("a"):rep(1000000), ("a"):rep(5000) .. "b"
while true do hay:find(needle, 1, true) end

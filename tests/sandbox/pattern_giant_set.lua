-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local set = "[" .. ("a"):rep(60000) .. "]"
return (("b"):rep(200000)):find(set)

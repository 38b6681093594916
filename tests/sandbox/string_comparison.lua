-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends at 4 MB: error MB of memory
local a = ("a"):rep(4000000)
local b = a .. "b"
a = a .. "a"
while a < b do end

-- attack: cpu, 100 ms
-- ends: value true
-- ends at 4 MB: error MB of memory
local hay = ("a"):rep(2000000)
return hay:find(("a"):rep(1000) .. "b", 1, true) == nil

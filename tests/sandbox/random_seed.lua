-- attack: information, 100 ms
-- ends: value true
math.randomseed(42)
local a = math.random(1000000)
math.randomseed(42)
return a == math.random(1000000)

-- attack: information, 100 ms
-- ends: value 0
return select("#", math.randomseed(1))

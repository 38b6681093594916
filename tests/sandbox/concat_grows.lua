-- attack: memory, 2000 ms
-- ends: error 5: stopped: used more than
local t, piece = {}, ("x"):rep(100000)
for i = 1, 5000 do t[i] = piece end
return #table.concat(t)

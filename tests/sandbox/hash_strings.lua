-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends at 4 MB: error MB of memory
-- ends at 4 MB: error used more than 100 ms of CPU time
local t, piece = {}, ("k"):rep(200000)
while true do
  for i = 1, 100 do t[piece .. i] = true end
  t = {}
end

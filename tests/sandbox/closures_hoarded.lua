-- attack: memory, 10000 ms
-- ends: error MB of memory
local all = {}
while true do
  local i = #all
  all[i + 1] = function() return i, all end
end

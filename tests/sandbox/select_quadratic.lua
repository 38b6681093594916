-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends at 4 MB: error MB of memory
-- ends at 4 MB: error used more than 100 ms of CPU time
local function sum(...)
  local s = 0
  for i = 1, select("#", ...) do s = s + select(i, ...) end
  return s
end
local t = {}
for i = 1, 20000 do t[i] = i end
while true do sum(table.unpack(t)) end

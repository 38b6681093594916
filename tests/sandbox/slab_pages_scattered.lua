-- attack: memory, 10000 ms
-- ends: error MB of memory
-- ends: error ms of CPU time
-- Of every size one object a page is kept: little is in use, and pages that serve nobody else add up.
local kept = {}

local function fill(bytes)
  local list = {}
  for i = 1, (12 << 20) // bytes do
    list[i] = ("%08d"):format(i) .. ("x"):rep(bytes - 33)
    if i % (16384 // bytes) == 0 then
      kept[#kept + 1] = list[i]
    end
  end
end

while true do
  for bytes = 512, 64, -16 do
    fill(bytes)
  end
end

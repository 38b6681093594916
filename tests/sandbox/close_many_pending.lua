-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function hold(n)
  local g <close> = setmetatable({}, { __close = function() for _ = 1, 1e9 do end end })
  if n > 0 then hold(n - 1) end
  while true do end
end
hold(150)

-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function guard()
  return setmetatable({}, { __close = function() while true do end end })
end
local function nest(n)
  local g <close> = guard()
  if n > 0 then nest(n - 1) end
  while true do end
end
pcall(nest, 50)
while true do end

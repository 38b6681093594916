-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function nest(n)
  if n == 0 then return 1 end
  local sum = 0
  for _ = 1, 8 do sum = sum + coroutine.wrap(nest)(n - 1) end
  return sum
end
return nest(60)

-- expect: error used more than
local function nest(n)
  if n == 0 then return 1 end
  local sum = 0
  for _ = 1, 8 do sum = sum + coroutine.wrap(nest)(n - 1) end
  return sum
end
return nest(60)

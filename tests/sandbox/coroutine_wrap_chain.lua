-- expect: error C stack overflow
local f = function() return 1 end
for _ = 1, 20000 do
  local inner = f
  f = coroutine.wrap(function() return inner() end)
end
return f()

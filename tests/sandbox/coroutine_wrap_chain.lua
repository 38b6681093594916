-- attack: crash, 100 ms
-- ends: error C stack overflow
-- ends: error MB of memory
local f = function() return 1 end
for _ = 1, 20000 do
  local inner = f
  f = coroutine.wrap(function() return inner() end)
end
return f()

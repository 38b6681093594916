-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local co = coroutine.wrap(function()
  while true do pcall(function() while true do coroutine.yield() end end) end
end)
while true do pcall(co) end

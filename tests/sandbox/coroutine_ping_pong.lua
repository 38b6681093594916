-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local a = coroutine.wrap(function() while true do coroutine.yield() end end)
local b = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do a() b() end

-- attack: memory, 2000 ms
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
local all = {}
while true do
  local co = coroutine.create(function() local t = {} for i = 1, 100 do t[i] = i end coroutine.yield(t) end)
  coroutine.resume(co)
  all[#all + 1] = co
end

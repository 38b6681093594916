-- attack: memory, 100 ms
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
local all = {}
while true do
  local co = coroutine.create(function() coroutine.yield(("x"):rep(20000) .. #all) end)
  local _, keep = coroutine.resume(co)
  all[#all + 1] = { co, keep }
end

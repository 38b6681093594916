-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
while true do
  local co = coroutine.create(function() while true do end end)
  coroutine.resume(co)
end

-- expect: error used more than
local all = {}
while true do
  local co = coroutine.create(function() coroutine.yield(("x"):rep(20000) .. #all) end)
  local _, keep = coroutine.resume(co)
  all[#all + 1] = { co, keep }
end

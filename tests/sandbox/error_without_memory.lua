-- attack: crash, 10000 ms
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
local keep = {}
pcall(function() while true do keep[#keep + 1] = ("x"):rep(997) .. #keep end end)
for _ = 1, 1000 do
  pcall(error, {})
  pcall(string.rep, "x", 5000)
  pcall(coroutine.wrap(function() error({ keep }) end))
end
while true do keep[#keep + 1] = {} end

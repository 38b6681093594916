-- attack: memory, 100 ms
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
while true do
  pcall(function()
    local s = ("x"):rep(100000)
    while true do s = s .. s end
  end)
end

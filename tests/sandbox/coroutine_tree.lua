-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function grow(n)
  while true do
    for _ = 1, 3 do coroutine.wrap(pcall)(grow, n + 1) end
  end
end
grow(0)

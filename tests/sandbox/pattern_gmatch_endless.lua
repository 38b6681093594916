-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local n = 0
while true do
  for _ in (("ab"):rep(1000)):gmatch("()") do n = n + 1 end
end

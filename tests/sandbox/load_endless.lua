-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local i = 0
while true do
  i = i + 1
  load("return " .. i)()
end

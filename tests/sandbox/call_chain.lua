-- attack: crash, 100 ms
-- ends: killed did not react to its limit of 100 ms
-- ends: error 6: stack overflow
-- ends: error C stack overflow
-- ends: error attempt to call
-- ends: error used more than 100 ms of CPU time
-- ends at 4 MB: error MB of memory
-- ends at 4 MB: error used more than 100 ms of CPU time
local f = print
for _ = 1, 200000 do
  f = setmetatable({}, { __call = f })
  if _ == 100000 then break end
end
return f()

-- attack: information, 500 ms
-- ends: value true
local least, last = 1, os.clock()
for _ = 1, 200000 do
  local now = os.clock()
  if now > last then least = math.min(least, now - last) last = now end
end
return least > 0.0009

-- attack: memory, 10000 ms
-- ends: value nothing was left over
-- ends: error MB of memory
local ok = pcall(function()
  local t = {}
  for i = 1, 1e9 do t[i] = ("x"):rep(1000) .. i end
end)
return ok and "all was there" or "nothing was left over"

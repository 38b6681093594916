-- attack: crash, 2000 ms
-- ends: value true
local t = {}
for i = 1, 100 do t["k" .. i] = i end
local ok = pcall(function()
  for k in pairs(t) do
    t[k] = nil
    for i = 1, 100 do t[k .. i] = true end
    if #k > 200 then break end
    if next(t) == nil then break end
  end
end)
return not pcall(next, {}, "nothing") and ok ~= nil

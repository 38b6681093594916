-- attack: crash, 1000 ms
-- ends: value true
-- CVE-2022-33099
local function deep() return deep() + 1 end
local ok, e = xpcall(deep, function(m) return deep() end)
return not ok and type(e) ~= "number"

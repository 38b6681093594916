-- attack: escape, 100 ms
-- ends: value still here
local print = print
tostring, type, pairs, ipairs, error, pcall, next, setmetatable, getmetatable = nil
string.find, string.sub, string.format, table.concat, table.pack, math.floor = nil
for key in next or function() end, {} do _G[key] = nil end
print("said")
return "still here"

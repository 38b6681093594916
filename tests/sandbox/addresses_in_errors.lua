-- attack: information, 100 ms
-- ends: value 0
local hits = 0
local function look(f, ...)
  local _, e = pcall(f, ...)
  hits = hits + (tostring(e):find("0x") and 1 or 0)
end
look(function() return {} .. "" end)
look(function() return print < print end)
look(function() return ({})() end)
look(string.format, "%d", {})
look(string.format, "%p", {})
look(string.rep, print)
look(error, setmetatable({}, { __name = "T" }))
look(setmetatable, print)
return hits

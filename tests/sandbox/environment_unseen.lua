-- attack: information, 100 ms
-- ends: value 0
local seen, hits = {}, 0
local function walk(v)
  if type(v) == "string" and (v:find("/home", 1, true) or v:find("/tmp", 1, true) or v:find("PATH", 1, true)) then
    hits = hits + 1
  elseif type(v) == "table" and not seen[v] then
    seen[v] = true
    for k, x in next, v do walk(k) walk(x) end
  end
end
walk(_G)
walk(require "syncwell")
return hits

-- attack: crash, 100 ms
-- ends: value true
local parts = {}
for i = 1, 260 do parts[i] = "local u" .. i end
local f, message = load(table.concat(parts, "\n"))
return f == nil and message:find("too many local variables") ~= nil

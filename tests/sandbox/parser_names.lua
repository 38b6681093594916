-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local locals = {}
for i = 1, 190 do locals[i] = "local v" .. i end
local one = "function f() " .. table.concat(locals, " ") .. " return " .. ("zz;"):rep(1):sub(1, 2) .. " end "
while true do load(one:rep(30)) end

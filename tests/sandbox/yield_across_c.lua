-- attack: crash, 100 ms
-- ends: value true
local co = coroutine.wrap(function() table.sort({ 1, 2, 3 }, function() coroutine.yield() end) end)
local ok, why = pcall(co)
local other = coroutine.wrap(function() return ("x"):gsub("x", coroutine.yield) end)
local fine, because = pcall(other)
return not ok and not fine and (why .. because):find("yield across a C", 1, true) ~= nil

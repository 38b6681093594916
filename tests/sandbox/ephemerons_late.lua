-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends: error MB of memory
-- ends: killed did not react to its limit of 100 ms
-- setmetatable refuses __mode, so it is set afterwards: then the table is weak all the same.
local mt = {}
local t = setmetatable({}, mt)
mt.__mode = "k"
local keys = {}
for i = 1, 60000 do keys[i] = {} end
for i = 1, 59999 do t[keys[(i * 7919) % 60000 + 1]] = { keys[i] } end
local first = keys[1]
keys = nil
while true do local _ = { first } end

-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local parts = {}
for i = 1, 8000 do parts[i] = i .. ".5" end
local source = "return {" .. table.concat(parts, ",") .. "}"
while true do load(source) end

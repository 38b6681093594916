-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
local function nest()
  local guard <close> = setmetatable({}, { __close = function() error("again") end })
  local inner <close> = setmetatable({}, { __close = function() error("deep") end })
  error("first")
end
while true do pcall(nest) end

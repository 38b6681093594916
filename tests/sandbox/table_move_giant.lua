-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
table.move(setmetatable({}, { __index = function() end }), 1, math.maxinteger - 1, 1,
  setmetatable({}, { __newindex = function() end }))

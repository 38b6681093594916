-- attack: cpu, 100 ms
-- ends: error used more than 100 ms of CPU time
-- ends: error MB of memory
table.sort(setmetatable({}, { __len = function() return 1 << 28 end, __index = function(_, i) return -i end }),
  function(a, b) return a < b end)

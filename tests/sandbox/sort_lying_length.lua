-- expect: error used more than
table.sort(setmetatable({}, { __len = function() return 1 << 28 end, __index = function(_, i) return -i end }),
  function(a, b) return a < b end)

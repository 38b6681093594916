-- expect: error used more than
table.move(setmetatable({}, { __index = function() end }), 1, math.maxinteger - 1, 1,
  setmetatable({}, { __newindex = function() end }))

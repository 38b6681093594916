-- attack: crash, 100 ms
-- ends: error 3: position out of bounds
table.insert(setmetatable({}, { __len = function() return math.maxinteger end }), math.maxinteger - 1 - math.maxinteger, 1)

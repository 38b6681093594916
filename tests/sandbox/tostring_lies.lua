-- attack: crash, 100 ms
-- ends: error must return a string
print(setmetatable({}, { __tostring = function() return 5 end }))

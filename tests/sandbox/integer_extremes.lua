-- attack: crash, 100 ms
-- ends: value true
local least = math.mininteger
assert(least // -1 == least and least % -1 == 0 and -least == least and math.abs(least) == least)
assert(not pcall(function() return 1 // 0 end) and not pcall(function() return 1 % 0 end))
assert(not pcall(math.random, 1, 0) and math.random(least, math.maxinteger))
assert(math.tointeger(2 ^ 63) == nil and math.ult(1, -1) and 1 << 64 == 0 and 1 >> -64 == 0)
for i = math.maxinteger - 1, math.maxinteger do assert(i > 0) end
for i = least + 1, least, -1 do assert(i < 0) end
return true

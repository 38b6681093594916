-- expect: any
local t = {}
for i = 1, 1000000 do t[i * (1 << 40)] = true end

-- attack: crash, 100 ms
-- ends: value true
local parts = {}
for i = 1, 300 do parts[i] = ("x = %d.5 "):format(i) end
local f = load(table.concat(parts) .. " return 7 & 3, 7 | 8, 7 ~ 1, 1 << 3, y == 1", "x", "t", { y = 1 })
local a, b, c, d, e = f()
return a == 3 and b == 15 and c == 6 and d == 8 and e

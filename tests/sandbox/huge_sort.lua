-- expect: error used more than
local t = {}
for i = 1, 300000 do t[i] = (i * 7919) % 300007 end
table.sort(t, function(a, b) return a < b end)

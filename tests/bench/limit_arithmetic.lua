-- G3, arithmetic: a sum of fractions and a generator of numbers, no table, no call.
local sum, x = 0.0, 12345
for i = 1, 12000000 do
  x = (x * 1103515245 + 12345) % 2147483648
  sum = sum + x / (i + 1)
end
return math.floor(sum) % 1000003

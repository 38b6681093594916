-- Mean of some figures and how far they lie from it; the deviation divides by one less than their number.
--   local mean, sd = spread({ 2, 4, 6 })   --> 4.0, 2.0      sd is nil of a single figure, both of none
return function(list)
  local n, sum, squares = #list, 0, 0
  for _, v in ipairs(list) do
    sum = sum + v
  end
  local mean = n > 0 and sum / n or nil
  for _, v in ipairs(list) do
    squares = squares + (v - mean) ^ 2
  end
  return mean, n > 1 and math.sqrt(squares / (n - 1)) or nil
end

-- Whether two values say the same: tables by their members, however deep.
--   same({ 1, { x = 2 } }, { 1, { x = 2 } })   --> true
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b
  end
  for key, value in pairs(a) do
    if not same(value, b[key]) then
      return false
    end
  end
  for key in pairs(b) do
    if a[key] == nil then
      return false
    end
  end
  return true
end

return same

-- G3, table-heavy: lists that grow, sorting by numbers and by a function, grouping under text keys.
local check = 0
for round = 1, 12 do
  local list, groups = {}, {}
  for i = 1, 60000 do
    local v = (i * 7919 + round) % 10007
    list[#list + 1] = v
    local key = "k" .. v % 97
    groups[key] = (groups[key] or 0) + v
  end
  table.sort(list)
  for key, sum in pairs(groups) do
    check = (check + #key * sum) % 1000003
  end
  for i = 1, #list, 100 do
    check = (check * 31 + list[i]) % 1000003
  end
  local rows = {}
  for i = 1, 4000 do
    rows[i] = { name = "n" .. i % 501, value = list[i * 7 % #list + 1] }
  end
  table.sort(rows, function(a, b)
    return a.value < b.value or (a.value == b.value and a.name < b.name)
  end)
  check = (check * 31 + rows[77].value) % 1000003
  table.insert(list, 1, check)
  check = (check + table.remove(list)) % 1000003
end
return check

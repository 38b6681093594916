-- attack: crash, 100 ms
-- ends: value true
for _, s in ipairs { math.maxinteger, math.mininteger, 1e300, -1e300, 0 / 0, 1 / 0 } do
  pcall(os.date, "%c", s)
  pcall(os.date, "*t", s)
  pcall(os.time, { year = s, month = 1, day = 1 })
  pcall(os.time, { year = 2026, month = s, day = s })
  pcall(os.difftime, s, -s)
end
return true

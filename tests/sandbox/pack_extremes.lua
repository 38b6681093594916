-- attack: crash, 100 ms
-- ends: value true
for _, form in ipairs { "i17", "!3 i3", "s17", "Xz", "!32", "i0", "d i99" } do
  assert(not pcall(string.pack, form, 1, 1), form)
end
assert(not pcall(string.unpack, "s8", ("\255"):rep(16)) and not pcall(string.unpack, "z", "abc"))
assert(not pcall(string.unpack, "i8", "12345678", math.maxinteger) and not pcall(string.unpack, "c9", "x"))
assert(not pcall(string.packsize, ("c2147483647"):rep(3)) and not pcall(string.packsize, "s"))
return true

-- attack: crash, 100 ms
-- ends: value true
local s = "abc"
assert(s:sub(math.mininteger, math.maxinteger) == s and s:sub(math.maxinteger) == "")
assert(select("#", s:byte(math.mininteger, math.maxinteger)) == 3 and s:find("", math.maxinteger) == nil)
assert(s:rep(math.mininteger) == "" and not pcall(string.rep, "xx", math.maxinteger))
assert(not pcall(string.char, 256) and not pcall(string.char, -1) and not pcall(utf8.char, -1))
assert(not pcall(string.format, "%1000d", 1) and not pcall(string.format, "%.1000f", 1))
assert(not pcall(string.format, "%", 1) and not pcall(string.format, "%n", 1) and not pcall(string.format, "%d"))
assert(#("%99.99f"):format(-1.7976931348623157e308) == 410 and not pcall(string.gsub, "x", "x", "%9"))
return true

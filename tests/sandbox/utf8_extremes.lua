-- attack: crash, 100 ms
-- ends: value true
assert(utf8.len("\xff") == nil and not pcall(utf8.codepoint, "\xf4\x90\x80\x80"))
assert(not pcall(utf8.offset, "\xe2\x82\xac", 1, 2) and not pcall(utf8.codepoint, "abc", 1, 99))
assert(not pcall(utf8.codepoint, "abc", math.mininteger, math.maxinteger))
assert(not pcall(function() for _ in utf8.codes("ab\xff") do end end))
return #utf8.char(0x7FFFFFFF) == 6

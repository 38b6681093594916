-- expect: ok
local hay = ("a"):rep(2000000)
return hay:find(("a"):rep(1000) .. "b", 1, true) == nil

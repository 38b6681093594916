-- expect: any
local a = ("a"):rep(4000000)
local b = a .. "b"
a = a .. "a"
while a < b do end

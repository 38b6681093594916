-- expect: any
local source = "return " .. ("1 and "):rep(10000) .. "1"
while true do load(source) end

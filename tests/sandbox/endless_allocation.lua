-- expect: error used more than
local t, piece = {}, ("x"):rep(100000)
while true do t[#t + 1] = piece .. #t end

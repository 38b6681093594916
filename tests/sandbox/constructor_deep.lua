-- attack: crash, 100 ms
-- ends: value true
local f, message = load("return " .. ("{"):rep(30000) .. ("}"):rep(30000))
return f == nil and (message:find("overflow") or message:find("levels") or message:find("limit")) ~= nil

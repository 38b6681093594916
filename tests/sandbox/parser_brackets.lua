-- attack: cpu, 100 ms
-- ends: error 4: chunk has too many syntax levels
-- ends: value true
local f, message = load("return " .. ("("):rep(60000))
return f == nil and (message:find("overflow") or message:find("levels")) ~= nil

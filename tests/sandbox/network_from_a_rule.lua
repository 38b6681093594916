-- attack: network as rule, 100 ms
-- ends: error http.request
-- ends: error ctx.http
-- ends: error not granted
local sw = require "syncwell"
return sw.rule { on = "workout.created", uses = { "http:example.com" }, run = function(w, ctx)
  ctx.http.request { url = "http://127.0.0.1/" }
end }

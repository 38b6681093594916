-- attack: network as rule, 100 ms
-- ends: error 5: ctx.http.request is not granted to this rule
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  ctx.http.request { url = "http://example.com/" }
end }

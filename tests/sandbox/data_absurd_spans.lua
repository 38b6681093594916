-- attack: data as rule, 2000 ms
-- ends: value 0 rows
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  local rows = 0
  for _, span in ipairs { { last = "99999999d" }, { from = 0, to = 9007199254740992 }, { from = -9e15 // 1, to = 9e15 // 1 },
    { from = 5, to = -5 }, { last = "-5d" }, { from = 0 / 0 }, { from = 1 / 0, to = -1 / 0 }, { limit = math.mininteger } } do
    local ok, list = pcall(ctx.records, "note", span)
    rows = rows + (ok and #list or 0)
    ok, list = pcall(ctx.series, "weight", span)
    rows = rows + (ok and #list or 0)
  end
  ctx.log(rows .. " rows")
end }

-- attack: data as rule, 100 ms
-- ends: value 0 rows
local sw = require "syncwell"
return sw.rule { on = "workout.created", run = function(w, ctx)
  local rows = 0
  for _, text in ipairs { "weight' OR '1'='1", "weight; DROP TABLE doc", "\"weight\"", "weight UNION SELECT * FROM person",
    "%", "*", "", "weight\0x", ("x"):rep(5000), "../person" } do
    local ok, list = pcall(ctx.series, text, { last = "4000d" })
    rows = rows + (ok and #list or 0)
    ok, list = pcall(ctx.records, text, { last = "4000d" })
    rows = rows + (ok and #list or 0)
  end
  ctx.log(rows .. " rows")
end }

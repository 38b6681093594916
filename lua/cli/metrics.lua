-- syncwell metrics: the metrics there are, with unit and meaning of a day.
--   syncwell metrics --json
local term = require("term")

local command = {
  group = "data", summary = "the metrics there are", usage = "", example = "syncwell metrics",
    needs_home = false, options = {},
}

function command.run(_, _, options)
  local rows = sw.store.metrics()
  if options.json then
    term.line("%s", sw.json.encode(sw.json.list(rows)))
    return 0
  end
  local list = {}
  for i, m in ipairs(rows) do
    list[i] = { m.name, m.title, m.unit, m.kind, m.daily }
  end
  term.table({ "name", "title", "unit", "kind", "a day is its" }, list)
  return 0
end

return command

-- syncwell dump: everything as JSON lines in one order, whatever the path that led there.
--   syncwell dump --canonical > before.jsonl
local home = require("home")

local command = {
  group = "care", summary = "everything as JSON lines, in canonical order", usage = "[--canonical | --all]",
  example = "syncwell dump --canonical > all.jsonl",
  options = {
    canonical = { doc = "data only: no queues, runs, attempts or wall-clock times (default)" },
    all = { doc = "queues and runs too" },
  },
}

function command.run(ctx, _, options)
  local ok, message, code = home.settle(ctx)
  if ok then
    ok, message, code = sw.store.dump(options.all or false)
  end
  if not ok then
    return nil, message, code
  end
  return 0
end

return command

-- syncwell dump: everything as JSON lines in one order, whatever the path that led there.
--   syncwell dump --canonical > before.jsonl
local home = require("home")
local term = require("term")

local command = {
  group = "care", summary = "everything as JSON lines, in canonical order", usage = "[--canonical | --all]",
  example = "syncwell dump --canonical > all.jsonl",
  options = {
    canonical = { doc = "data only: no queues, runs, attempts or wall-clock times (default)" },
    all = { doc = "queues, runs and the list of what services gave too" },
  },
}

-- What services gave is listed, its bytes are left out.
local function dump_raw()
  for _, p in ipairs(sw.store.people() or {}) do
    for _, item in ipairs(sw.store.raw_items(p.id) or {}) do
      item.table, item.person = "raw_item", p.id
      term.line("%s", sw.json.encode(item))
    end
  end
end

function command.run(ctx, _, options)
  local ok, message, code = home.settle(ctx)
  if ok then
    ok, message, code = sw.store.dump(options.all or false)
  end
  if ok and options.all then
    dump_raw()
  end
  if not ok then
    return nil, message, code
  end
  return 0
end

return command

-- The only name C knows: loads the metric registry and returns the doors into Lua.
--   doors.command { "import", "export.zip" } --> exit code

-- In the order in which tables show them.
local families = { "activity", "heart", "body", "nutrition", "sleep", "movement", "mind" }

local fields = { name = "string", title = "string", unit = "string", kind = "string", daily = "string",
  min = "number", max = "number", scale = "number", sparse = "boolean", by_value = "boolean",
  loinc = "string" }

-- Every start comes by here: what is slow about saying what is wrong is left to rows that are.
local function register(row)
  for key, value in pairs(row) do
    if type(value) ~= fields[key] then
      return false, require("schema").check(row, fields, ("metric '%s'"):format(row.name or "?"))
    end
  end
  return pcall(sw.sys.metric, row)
end

for _, family in ipairs(families) do
  for _, row in ipairs(require("metrics." .. family)) do
    local ok, message = register(row)
    if not ok then
      error(("lua/metrics/%s.lua: %s"):format(family, message), 0)
    end
  end
end

local doors = {}

function doors.command(argv)
  return require("cli").main(argv)
end

-- The test door: `syncwell --lua-test FILE...` runs test files with describe / it / expect.
function doors.test(argv)
  table.remove(argv, 1)
  return require("spec").main(argv)
end

return doors

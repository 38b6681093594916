-- The only name C knows: loads the metric registry and returns the doors into Lua.
--   doors.command { "import", "export.zip" } --> exit code
local families = { "activity", "heart", "body", "nutrition", "sleep", "movement", "mind" }

for _, family in ipairs(families) do
  for _, row in ipairs(require("metrics." .. family)) do
    sw.sys.metric(row)
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

-- The library inside a worker: loads scripts, drives their runs, words their errors.
-- The box calls this chunk once with its core; it returns the three doors it needs:
--   local drive, explain, enter = init(core)   -- drive(run, out) in a coroutine; explain(error) -> table
--   enter(head, w) in a coroutine: the first run of a batch -> fired, its key; it gives core.step a function
--   of an event, which the others call
-- luacheck: read globals core load_text where
local core = ...
local base = core.sandbox.base

local globals = { core = core }
for name, f in base.pairs(base) do
  globals[name] = f
end
for _, name in base.ipairs { "string", "table", "coroutine", "math", "utf8" } do
  globals[name] = core.sandbox[name]
end

-- Lists of a document are walked past their nulls; Lua's own ipairs would stop at the first.
function globals.ipairs(list)
  if core.list(list) then
    return base.pairs(list)
  end
  return base.ipairs(list)
end

local loaded = {}

function globals.require(name)
  if loaded[name] == nil then
    local source = core.lib(name) or base.error("the library lacks " .. name)
    local chunk, message = base.load_text(source, "=syncwell/" .. name .. ".lua", globals)
    loaded[name] = (chunk or base.error(message, 0))()
  end
  return loaded[name]
end

local errors = globals.require "errors"
local ops = globals.require "ops"

local function drive(run, out)
  local op = ops[run.op] or base.error("unknown operation")
  op(run, out)
end

return drive, errors.explain, ops.enter

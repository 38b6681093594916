-- Copies of the home that a command plays in. They lie in the home, not where everybody's temporary files
-- are, and one that a kill left goes with the next copy or erasure.
--   local copy = scratch.open(ctx)   --> { dir } | nil, message, code;   copy:close()
--   scratch.sweep(ctx)               those whose process has ended
local scratch = {}
scratch.__index = scratch

local PREFIX = ".scratch-"

-- Held by the process that plays; the system lets go of it however that one ends.
local function hold(dir)
  return sw.fs.lock(dir .. "/.lock")
end

function scratch.sweep(ctx)
  for _, name in ipairs(sw.fs.list(ctx.home) or {}) do
    local dir = ctx.home .. "/" .. name
    local held = name:sub(1, #PREFIX) == PREFIX and hold(dir)
    if held then
      sw.fs.remove_tree(dir)
      held:close()
    end
  end
end

function scratch.open(ctx)
  scratch.sweep(ctx)
  local dir = ctx.home .. "/" .. PREFIX .. sw.sys.random(6)
  local ok, message, code = sw.fs.mkdir(dir)
  local held
  if ok then
    held, message, code = hold(dir)
  end
  return held and setmetatable({ dir = dir, held = held }, scratch), message, code
end

function scratch:close()
  sw.fs.remove_tree(self.dir)
  self.held:close()
end

return scratch

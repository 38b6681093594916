-- What runs of a rule need of its declaration: a box may hold thousands of rules.
--   local kept = require("slim")(declaration)
-- Parts that say the same are one table for all rules; nothing changes them after a load.
local slim = {}

local needed = { "when", "run", "key", "params", "max_age", "on_retract" }
local filters = { "provider", "maker", "sport", "type", "metric", "origin" }
local plain = { kind = "event" } -- a trigger whose own words decide nothing any more
local same = {} -- the words of a list -> that list

local function shared(list)
  local words = list and table.concat(list, "\0")
  if words then
    same[words] = same[words] or list
  end
  return words and same[words]
end

local function trigger(on)
  for _, name in ipairs(on.kind == "event" and filters or {}) do
    if on[name] then
      return on
    end
  end
  return on.kind == "event" and plain or on
end

function slim.rule(declaration)
  local kept = { on = trigger(declaration.on), uses = shared(declaration.uses) }
  for _, name in ipairs(needed) do
    kept[name] = declaration[name]
  end
  return kept
end

return slim.rule

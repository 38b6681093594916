-- What runs of a rule need of its declaration: a box may hold thousands of rules.
--   local kept = require("slim")(declaration)
-- Parts that say the same are one table for all rules; nothing changes them after a load.
local matching = require "matching"

local slim = {}

local needed = { "when", "run", "key", "params", "max_age", "on_retract" }
local plain = { kind = "event" } -- a trigger whose own words decide nothing any more
local same = {} -- the words of a list -> that list

-- What is mistyped stays as it is: the engine says so and never runs it.
local function shared(list)
  local plain_texts, words = pcall(table.concat, list, "\0")
  if plain_texts then
    same[words] = same[words] or list
  end
  return plain_texts and same[words] or list
end

local function trigger(on)
  if type(on) ~= "table" then
    return on
  end
  return on.kind == "event" and not matching.asks(on) and plain or on
end

function slim.rule(declaration)
  local kept = { on = trigger(declaration.on), uses = shared(declaration.uses) }
  for _, name in ipairs(needed) do
    kept[name] = declaration[name]
  end
  return kept
end

return slim.rule

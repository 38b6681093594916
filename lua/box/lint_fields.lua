-- Fields of the event that no record of its kind has and that are nearly one: w.elapsd. What is like none may
-- be a service's own and is left alone; it is an error when it is read and is not there.
--   lint_fields.problems(tokens, declaration) --> { { i = index of the token, message } ... }
-- tokens: of lint.lua. The event is what when, key, run and on_retract call their first parameter.
local errors = require "errors"
local fields = require "fields"
local lint_pure = require "lint_pure"

local lint_fields = {}

local given = { when = true, key = true, run = true, on_retract = true }
local known_as = { backfill = "sync" } -- events that are called otherwise than what they bring
local scheduled = { cron = true, at = true, every = true }

local function kind_of(trigger)
  if trigger.kind == "event" then
    local kind = tostring(trigger.event):match "^(%l+)%."
    return known_as[kind] or kind
  end
  return scheduled[trigger.kind] and "schedule" or trigger.kind == "webhook" and "webhook" or "series"
end

-- What may be read of the events that fire the rule, whichever of them came.
local function readable(declaration)
  local names, on = { start_ms = true, finish_ms = true }, declaration.on
  for _, trigger in ipairs(type(on) ~= "table" and {} or on.kind == "any" and on.of or { on }) do
    for name in pairs(fields.readable(kind_of(trigger))) do
      names[name] = true
    end
  end
  return names
end

local function look(found, tokens, from, to, event, names)
  for i = from, to do
    local field = tokens[i + 2]
    if tokens[i].text == event and tokens[i].kind == "name" and tokens[i - 1].text ~= "."
      and tokens[i + 1].text == "." and field.kind == "name" and not names[field.text] then
      local hint = errors.did_you_mean(field.text, names)
      found[#found + 1] = hint ~= "" and { i = i + 2,
        message = ("the event has no field '%s'%s"):format(field.text, hint) } or nil
    end
  end
end

function lint_fields.problems(tokens, declaration)
  local found, names = {}, readable(declaration)
  for i = 1, #tokens - 4 do
    if given[tokens[i].text] and tokens[i + 1].text == "=" and tokens[i + 2].text == "function"
      and tokens[i + 4].kind == "name" then
      look(found, tokens, i + 5, lint_pure.behind(tokens, i + 2) - 3, tokens[i + 4].text, names)
    end
  end
  return found
end

return lint_fields

-- Messages with places for values: "Drink {amount} after {sport}", filled as people read values.
--   template.texts { amount = w.distance, sport = "running" }   --> { amount = "12.4 km", sport = "running" }
--   template.fill("after {sport}", texts)                       --> "after running"
-- luacheck: read globals core load_text where
local clock = require "clock"
local errors = require "errors"
local quantity = require "quantity"

local template = {}

local MOST, LONG = 40, 400

local function clock_text(q)
  local p = clock.parts(math.floor(q.value), q.offset or clock.offset_at(q.value))
  return ("%02d:%02d"):format(p.hour, p.min)
end

local function text_of(name, v)
  if quantity.is(v) then
    return v.dim == "time" and clock_text(v) or quantity.text(v)
  elseif math.type(v) == "float" and v == v and math.abs(v) < 1e15 then
    return (("%.1f"):format(v):gsub("%.0$", ""))
  elseif type(v) == "string" or math.type(v) == "integer" then
    return tostring(v):sub(1, LONG)
  end
  errors.fail(("values.%s is no text, number or quantity"):format(errors.clean(tostring(name)):sub(1, 60)),
    "leave out what is not known, and ask for it before")
end

-- Each value as its reader sees it.
function template.texts(values)
  local to, n = {}, 0
  for name, v in next, values do
    if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
      errors.fail("the names of values are words: values = { amount = \"500 ml\" }")
    end
    to[name], n = text_of(name, v), n + 1
  end
  return n <= MOST and to or errors.fail(("more than %d values of a message"):format(MOST))
end

function template.fill(text, texts)
  return (text:gsub("{([%a_][%w_]*)}", function(name)
    return texts[name] or errors.fail(("there is no value for {%s}%s"):format(name,
      errors.did_you_mean(name, texts)), ("values = { %s = ... }"):format(name))
  end))
end

return template

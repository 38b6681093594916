-- What scripts get from `require "syncwell"`: constructors of closed declarations.
--   local sw = require "syncwell"
--   return sw.rule { title = "...", on = sw.event "workout.created", run = function(w, ctx) ... end }
-- Every constructor returns plain data with a `kind`; functions stay in the worker.
local clock = require "clock"
local quantity = require "quantity"
local schema = require "schema"
local shapes = require "shapes"

local sw = {}

local function declare(kind, shape, spec)
  schema.check(kind, spec, shape)
  local made = { kind = kind }
  for key, value in pairs(spec) do
    local name = shape[key] and shape[key].name or key -- what lint gathers goes on with keys of no shape
    made[name] = quantity.is(value) and quantity.text(value) or value
  end
  return made
end

-- Triggers and parameters: sw.cron "0 7 * * *" is short for sw.cron { "0 7 * * *" }.
for kind, shape in pairs(shapes.triggers) do
  sw[kind] = function(spec)
    return declare(kind, shape, type(spec) == "string" and { spec } or spec)
  end
end

for kind, shape in pairs(shapes.params) do
  sw[kind] = function(spec)
    local made = declare(kind, shape, spec or {})
    local problem = made.default ~= nil and shapes.param_problem(made, made.default)
    if problem then
      schema.fail(("'default' in %s %s"):format(kind, problem), "default")
    end
    return made
  end
end

local function is_trigger(value)
  return type(value) == "table" and shapes.triggers[value.kind] ~= nil
end

-- The name of an event alone is that event, as in `on`.
function sw.any(spec)
  schema.check("any", spec, shapes.any(spec))
  local list = {}
  for i, trigger in ipairs(spec) do
    list[i] = type(trigger) == "string" and sw.event(trigger) or trigger
    if not is_trigger(list[i]) then
      schema.fail "any takes triggers: sw.event, sw.cron, sw.threshold ..."
    end
  end
  return { kind = "any", of = list }
end

local function check_params(params)
  for name, param in pairs(params or {}) do
    if type(param) ~= "table" or not shapes.params[param.kind] then
      schema.problem(("parameter '%s' is made with sw.duration, sw.number, sw.text, sw.choice or sw.bool")
        :format(tostring(name)), "params")
    end
  end
end

local function check_uses(uses)
  for _, grant in ipairs(uses or {}) do
    if type(grant) == "string" and not shapes.grants[grant] and not grant:match "^http:[%w.%-:]+$" then
      local near = require("errors").did_you_mean(grant, shapes.grants)
      schema.problem(("unknown grant '%s' in uses%s"):format(grant, near), "uses")
    end
  end
end

function sw.rule(spec)
  local made = declare("rule", shapes.rule, spec)
  check_params(type(made.params) == "table" and made.params or {})
  check_uses(type(made.uses) == "table" and made.uses or {})
  if type(made.on) == "string" then
    made.on = sw.event(made.on)
  elseif type(made.on) == "table" and not is_trigger(made.on) and made.on.kind ~= "any" then
    schema.problem("'on' in rule must be a trigger, such as sw.event \"workout.created\"", "on")
  end
  return made
end

-- What a folder of scripts is called, in its package.lua.
function sw.package(spec)
  return declare("package", shapes.package, spec)
end

-- The firing's instant, as a time.
function sw.now()
  return quantity.time(clock.now())
end

-- sw.quantity "60min" makes a quantity of a text.
function sw.quantity(text)
  local value, dim = quantity.parse(tostring(text))
  if not value then
    schema.fail(("'%s' is no quantity"):format(tostring(text)), nil, 'write a number and its unit: "60min"')
  end
  return quantity.of(value, dim)
end

-- sw.time "2026-03-01T07:00" makes a time of ISO 8601 text or milliseconds.
function sw.time(value)
  local ms = quantity.instant(value)
  if not ms then
    schema.fail "sw.time takes ISO 8601 text or milliseconds"
  end
  return quantity.time(ms)
end

require("provider").open(sw)

return sw

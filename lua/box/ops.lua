-- What a worker can be asked to do, one function per `op` of a run. `out` is what it hands over.
--   load: { script, source } -> out.declaration           script: { script, source, args } -> out.values
--   reference: {} -> out.reference                       test: { script, source } -> out.tests
--   expr: { source } -> out.values, or out.incomplete: a line of the REPL, names live on in the worker
--   page, detail, posted, webhook: { script, ... } of a provider: reading.lua
--   login, account, after_connect: signing.lua            write: writing.lua
--   rule: { script, event, params, at, mode } -> out.fired, key, gates, actions, log, state
--     with `steps`, what is recorded of the firing (steps.lua) -> out.steps, wait, differs
-- mode of a rule: "run" (default, gates then run), "when" (gates only), "why" (all gates), "dry".
-- Many events for one rule come as a batch instead: ops.enter, each event a run of its own without gates
-- in words.
-- luacheck: read globals core load_text where
local context = require "context"
local env = require "env"
local errors = require "errors"
local event = require "event"
local matching = require "matching"
local quantity = require "quantity"
local reading = require "reading"
local schema = require "schema"
local shapes = require "shapes"
local signing = require "signing"
local slim = require "slim"
local spelling = require "spelling"
local writing = require "writing"

local ops = {}

local scripts = {} -- name -> declaration, with its functions
local declarations = { rule = true, provider = true, package = true }

local function compile(run, world)
  errors.sources[run.script] = run.source
  if run.source:byte(1) == 27 then
    error(run.script .. ":1: this is bytecode; scripts are source text", 0)
  end
  local chunk, message = load_text(run.source, "=" .. run.script, world or env.new())
  return chunk or error(message, 0)
end

-- Plain data of a declaration: functions become true.
local function outline(value, depth)
  if type(value) == "function" then
    return true
  elseif type(value) ~= "table" then
    return value
  elseif depth > 20 then
    error("the declaration is nested too deeply", 0)
  end
  local to = {}
  for key, v in next, value do
    to[key] = outline(v, depth + 1)
  end
  return to
end

-- All mistakes of a file that can be told apart; what fails because of one of them is left out.
-- Gives what it declares, where there is something to judge in it, and whether it is as it should be.
local function collect(run, out)
  schema.collecting = {}
  local ok, result = pcall(function() return compile(run)() end)
  local found = schema.collecting
  schema.collecting = nil
  if ok and type(result) == "table" and result.kind == "rule" then
    local list
    list, out.told = require("lint").problems(run.script, run.source, result)
    table.move(list, 1, #list, #found + 1, found)
  elseif not ok and (type(result) == "table" or #found == 0) then
    found[#found + 1] = errors.explain(result).text
  end
  out.problems = #found > 0 and found or nil
  local declares = ok and type(result) == "table" and declarations[result.kind]
  return (declares or not out.problems) and result or nil
end

function ops.load(run, out)
  scripts[run.script] = nil
  local declaration
  if run.collect then
    declaration = collect(run, out)
    if out.problems and not declaration then
      return
    end
  else
    declaration = compile(run)()
  end
  if type(declaration) ~= "table" or not declarations[declaration.kind] then
    errors.raise { message = "a script returns one declaration: return sw.rule { ... }",
      script = run.script, line = 1 }
  end
  scripts[run.script] = declaration.kind == "rule" and slim(declaration) or declaration
  out.declaration = outline(declaration, 0)
end

local function is_list(t, walk)
  local n = 0
  for _ in walk(t) do
    n = n + 1
  end
  return n == rawlen(t)
end

local function plainly(t)
  return next, t, nil
end

-- Values as data where they are data, as text where they are not. walk: plainly, or pairs, which sees into
-- events; their times are then as people read them.
local function export(v, seen, depth, walk)
  if quantity.is(v) then
    return quantity.text(v)
  elseif type(v) == "number" then
    return v - v == 0 and v or tostring(v)
  elseif type(v) == "table" and not seen[v] and depth < 20 then
    local to, list = {}, is_list(v, walk)
    seen[v] = true
    for key, item in walk(v) do
      local shown = walk == pairs and v[key] or item
      to[list and key or errors.clean(tostring(key))] = export(shown, seen, depth + 1, walk)
    end
    seen[v] = nil
    return to
  elseif v == nil or type(v) == "boolean" or type(v) == "string" then
    return v
  end
  return "(" .. type(v) .. ")"
end

local function export_all(values, walk)
  local list = {}
  for i = 1, values.n do
    list[i] = { type = quantity.is(values[i]) and values[i].dim or type(values[i]),
      text = errors.clean(tostring(values[i])):sub(1, 4096), value = export(values[i], {}, 0, walk) }
  end
  return list
end

function ops.script(run, out)
  out.values = export_all(table.pack(compile(run)(table.unpack(run.args or {}))), plainly)
end

local console -- the environment in which a REPL's lines run

function ops.expr(run, out)
  console = console or env.new()
  console.sw = console.sw or console.require "syncwell"
  console.ctx = context.new(run, out, { uses = {}, only_reads = true }, {}) -- no grant, no action
  for _, name in ipairs { "series", "records", "count", "goal" } do
    console[name] = console.ctx[name]
  end
  local chunk, value_message = load_text("return " .. run.source, "=repl", console)
  if not chunk then
    local message
    chunk, message = load_text(run.source, "=repl", console)
    if not chunk then
      out.incomplete = message:find "near <eof>$" ~= nil or value_message:find "near <eof>$" ~= nil or nil
      error(message, 0)
    end
  end
  local values = table.pack(chunk())
  console._ = values[1]
  out.values = export_all(values, pairs)
end

local function param_values(declaration, given)
  local values = {}
  for name, p in pairs(declaration.params or {}) do
    local value = (given or {})[name]
    if value == nil then
      value = p.default
    end
    local problem = value ~= nil and shapes.param_problem(p, value)
    if problem then
      errors.fail(("parameter '%s' %s"):format(name, problem))
    end
    local s = p.kind == "duration" and value and quantity.number(value, "duration")
    values[name] = s and quantity.of(s, "duration") or value
  end
  return setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      if values[name] == nil and not (declaration.params or {})[name] then
        errors.fail(("the rule has no parameter '%s'%s"):format(tostring(name),
          errors.did_you_mean(name, declaration.params or {})))
      end
      return values[name]
    end,
    __newindex = function()
      errors.fail "parameters cannot be changed by the script"
    end,
  })
end

-- Gates: each gives ok and a text with the values that decided.

-- { name, what the trigger wants there } of each filter; nil when it wants nothing.
local function filters_of(trigger)
  local wanted = matching.asks(trigger) and {} or nil
  for _, name in ipairs(wanted and matching.names or {}) do
    if trigger[name] then
      wanted[#wanted + 1] = { name, trigger[name] }
    end
  end
  return wanted
end

local function getter(data)
  return function(name)
    local value = data[name]
    return value == nil and (data.attributes or {})[name] or value
  end
end

local function filter_gates(add, trigger, data)
  for _, f in ipairs(filters_of(trigger) or {}) do
    local name, wanted = f[1], f[2]
    local ok, value = matching.has(name, wanted, getter(data), spelling.same)
    local text = name .. " " .. tostring(value == nil and "absent" or value)
    if not add(name, ok, ok and text or text .. ", needs " .. wanted) then
      return false
    end
  end
  return true
end

-- Whether an event is young enough, and its age and bound in seconds; no bound for one without a time.
local function young(declaration, w, at)
  local finish = w.finish or w.start
  if not finish then
    return true
  end
  local age = (at - finish.ms) / 1000
  local most = quantity.number(declaration.max_age, "duration")
  return age <= most, age, most
end

local function age_gate(declaration, w, run)
  local ok, age, most = young(declaration, w, run.at or 0)
  if not most then
    return true, "the event has no time"
  end
  return ok, ("age %s, %s <= %s"):format(quantity.text(quantity.of(age, "duration")),
    ok and "which is" or "needs", quantity.text(quantity.of(most, "duration")))
end

local function when_gate(declaration, w, ctx)
  quantity.forget()
  local ok = declaration.when(w, ctx) and true or false
  local text, result = quantity.seen()
  if text and result == ok then
    return ok, text
  end
  return ok, ok and "when returned true" or "when returned false"
end

local function gates(run, out, declaration, w, ctx)
  local all, open = run.mode == "why", true
  out.gates = {}
  local function add(name, ok, text)
    out.gates[#out.gates + 1] = { gate = name, ok = ok, text = errors.clean(text):sub(1, 300) }
    open = open and ok
    return ok or all
  end
  if not filter_gates(add, declaration.on, run.event or {}) then
    return false
  elseif declaration.max_age and not add("max_age", age_gate(declaration, w, run)) then
    return false
  elseif declaration.when and open then
    add("when", when_gate(declaration, w, ctx))
  end
  return open
end

local function own_key(declaration, w, ctx)
  local key = declaration.key and declaration.key(w, ctx)
  if key ~= nil and type(key) ~= "string" and type(key) ~= "number" then
    errors.fail "key must return a text or a number"
  end
  return key ~= nil and tostring(key) or nil
end

local function key_of(run, declaration, w, ctx)
  local data = run.event or {}
  local key = own_key(declaration, w, ctx) or run.key or data.group or data.id or run.at or 0
  return tostring(key):sub(1, 200)
end

function ops.rule(run, out)
  local declaration = scripts[run.script] or error(run.script .. " is not loaded", 0)
  local w = event.wrap(run.event or {})
  local params = param_values(declaration, run.params)
  local pure = context.pure(run, params)
  core.seed(tostring(run.seed or run.key or (run.event or {}).group or (run.event or {}).id or run.at))
  out.key = run.resume and run.key or key_of(run, declaration, w, pure)
  local open = run.retract or run.resume or gates(run, out, declaration, w, pure)
  out.fired = open
  if not open or run.mode == "when" or run.mode == "why" then
    return
  end
  out.dry = run.mode == "dry" or nil
  local act = run.retract and declaration.on_retract or declaration.run
  local ctx = context.new(run, out, declaration, params)
  act(w, ctx)
  context.keep_state(run, out)
end

function ops.test(run, out)
  require("testing").run(run, out, compile)
end

-- What scripts may write, as data: for `syncwell doc`, types and completion.
function ops.reference(_, out)
  out.reference = require("reference").all()
end

local function passes(wanted, w)
  local function get(name)
    return core.raw(w, name)
  end
  for _, f in ipairs(wanted) do
    if not matching.has(f[1], f[2], get, spelling.same) then
      return false
    end
  end
  return true
end

-- One rule over the events of a batch: a function of an event, which says whether it fired, and its key.
local function step_of(head)
  local declaration = scripts[head.script] or error(head.script .. " is not loaded", 0)
  local params = param_values(declaration, head.params)
  local pure, ctx = context.batch(head, declaration, params)
  local wanted, when, act = filters_of(declaration.on), declaration.when, declaration.run
  local max_age, key = declaration.max_age, declaration.key
  return function(w)
    if (wanted and not passes(wanted, w)) or (max_age and not young(declaration, w, core.instant()))
      or (when and not when(w, pure)) then
      return false
    end
    local name = key and own_key(declaration, w, pure) or nil
    act(w, ctx)
    return true, name
  end
end

-- The first run of a batch, and those after it until one gets here; `head` is what its runs share.
function ops.enter(head, w)
  local step = step_of(head)
  core.step(step)
  return step(w)
end

-- What a provider does: each a run of its own.
for name, by in pairs { page = reading, detail = reading, posted = reading, webhook = reading,
  login = signing, account = signing, after_connect = signing } do
  ops[name] = function(run, out)
    local declaration = scripts[run.script] or error(run.script .. " is not loaded", 0)
    return by[name](declaration, run, out)
  end
end

function ops.write(run, out)
  return writing.write(scripts[run.script] or error(run.script .. " is not loaded", 0), run, out)
end

return ops

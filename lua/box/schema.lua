-- Closed tables: every key is known, every value has its type, every mistake names its line.
--   schema.check("rule", spec, { title = { "text" }, run = { "function", required = true } })
-- Types: text, number, integer, boolean, function, list, map, any, duration, or a list of words.
-- luacheck: read globals core load_text where
local errors = require "errors"
local quantity = require "quantity"

local schema = {}

schema.synonyms = {
  execute = "run", action = "run", actions = "run", ["do"] = "run", ["then"] = "run", handler = "run",
  trigger = "on", event = "on", condition = "when", filter = "when", ["if"] = "when", name = "title",
  description = "doc", help = "doc", permissions = "uses", grants = "uses", capabilities = "uses",
  needs = "uses", options = "params", parameters = "params", settings = "params", time = "at",
  message = "text", body = "text", length = "duration",
}

-- The script with comments and strings blanked out, so that a search finds code only.
local function code_of(script)
  local source = errors.sources[script] or ""
  local function blank(text)
    return (text:gsub("[^\n]", " "))
  end
  source = source:gsub("%-%-%[%[.-%]%]", blank):gsub("%-%-[^\n]*", blank)
  return (source:gsub('"[^"\n]*"', blank):gsub("'[^'\n]*'", blank))
end

local function line_start(text, line)
  local at = 1
  for _ = 2, line do
    at = (text:find("\n", at, true) or #text) + 1
  end
  return at
end

-- Where `key =` stands in the constructor that begins at or after `line`: line and column.
local function locate(script, line, key)
  local code = code_of(script)
  local from = code:find("{", line_start(code, line), true)
  local depth, at = 0, from
  while at and at <= #code do
    local c = code:sub(at, at)
    if c:find "[%[{(]" then
      depth = depth + 1
    elseif c:find "[%]})]" then
      depth = depth - 1
    elseif depth == 1 and code:sub(at, at + #key - 1) == key and not code:sub(at - 1, at - 1):find "[%w_.]"
      and code:find("^%s*=[^=]", at + #key) then
      local _, before = code:sub(1, at - 1):gsub("\n", "")
      local start = line_start(code, before + 1)
      return before + 1, at - start + 1
    end
    if depth == 0 then
      return nil
    end
    at = at + 1
  end
end

-- `return sw.rule { ... }` is a tail call, so the stack does not know the script's line: the source does.
local function constructor_line(script, what)
  local code = code_of(script)
  local name = what:gsub("^.*%.", ""):gsub("%-", "%%-")
  local at = code:find("%f[%w_]" .. name .. "%s*=?%s*%(?%s*{")
  if at then
    local _, before = code:sub(1, at):gsub("\n", "")
    return before + 1
  end
end

-- Anywhere behind that line: for keys of tables inside the constructor.
local function locate_deep(script, line, key)
  local code = code_of(script)
  local name = key:gsub("%p", "%%%0")
  local at = code:find("%f[%w_]" .. name .. "%f[^%w_]%s*=[^=]", line_start(code, line))
  if at then
    local _, before = code:sub(1, at - 1):gsub("\n", "")
    return before + 1, at - line_start(code, before + 1) + 1
  end
end

local checking -- the constructor that is being checked

-- Stop with an error about `key` of the constructor being checked.
function schema.fail(message, key, hint)
  local place, line = where()
  local script = place:match "^(.-):%d+:$"
  local current = core.current()
  if not script and current and checking then
    script = current.run.script
    line = constructor_line(script, checking)
  end
  local at, column
  if script and line and type(key) == "string" then
    at, column = locate(script, line, key)
    if not at then
      at, column = locate_deep(script, line, key)
    end
  end
  errors.raise { message = message, script = script, line = at or line, column = column, hint = hint }
end

-- While a file is linted its mistakes are gathered: schema.collecting is the list. Else the first one stops.
function schema.problem(message, key, hint)
  if not schema.collecting then
    schema.fail(message, key, hint)
  end
  local _, e = pcall(schema.fail, message, key, hint)
  schema.collecting[#schema.collecting + 1] = errors.explain(e).text
end

local function is_list(value)
  return type(value) == "table" and (#value > 0 or next(value) == nil)
end

local checks = {
  text = function(v) return type(v) == "string" and #v <= 4096, "a text" end,
  number = function(v) return type(v) == "number" and v == v and v - v == 0, "a number" end,
  integer = function(v) return math.type(v) == "integer", "a whole number" end,
  boolean = function(v) return type(v) == "boolean", "true or false" end,
  ["function"] = function(v) return type(v) == "function", "a function" end,
  list = function(v) return is_list(v), "a list" end,
  texts = function(v)
    local good = is_list(v)
    for _, item in ipairs(good and v or {}) do
      good = good and type(item) == "string"
    end
    return good, "a list of texts"
  end,
  map = function(v) return type(v) == "table" and #v == 0, "a table with names" end,
  any = function() return true end,
  duration = function(v) return quantity.number(v, "duration") ~= nil, 'a duration such as "60min"' end,
}

local function one_of(value, words)
  for _, word in ipairs(words) do
    if value == word then
      return true
    end
  end
  return false, "one of " .. table.concat(words, ", ")
end

local function show(value)
  if type(value) == "string" then
    return "'" .. errors.clean(value):sub(1, 40) .. "'"
  end
  return type(value) == "number" and tostring(value) or "a " .. type(value)
end

local function fits(value, rule)
  local kind = rule[1]
  if type(kind) == "table" then
    return one_of(value, kind)
  elseif type(kind) == "function" then
    return kind(value)
  end
  return checks[kind](value)
end

-- Why a value does not suit its key; nil when it does.
function schema.misfit(what, key, value, rule)
  local good, wanted = fits(value, rule)
  return not good and ("'%s' in %s must be %s, not %s"):format(rule.name or tostring(key), what, wanted,
    show(value)) or nil
end

function schema.lacking(what, key, rule)
  return ("%s lacks '%s'%s"):format(what, rule.name or tostring(key), rule.doc and ": " .. rule.doc or "")
end

-- What stands without a name, and first: sw.threshold { "steps", ... }.
local function positional(key, shape)
  return shape[1] and shape[1].name == key and (" (write it first and without its name: { \"%s\", ... })")
    :format(key == "metric" and "steps" or key)
end

function schema.unknown(what, key, shape)
  return ("unknown key '%s' in %s%s"):format(errors.clean(tostring(key)):sub(1, 60), what,
    positional(key, shape) or errors.did_you_mean(key, shape, schema.synonyms))
end

-- Is there nothing to say? What is wrong is found again in order, to be worded.
local function is_right(spec, shape)
  for key, value in pairs(spec) do
    if not shape[key] or not fits(value, shape[key]) then
      return false
    end
  end
  for key, rule in pairs(shape) do
    if rule.required and spec[key] == nil then
      return false
    end
  end
  return true
end

-- Check spec against the closed shape; positional values are keys 1, 2 ... of the shape.
function schema.check(what, spec, shape)
  checking = what
  if type(spec) ~= "table" then
    schema.fail(("%s takes a table, not %s"):format(what, show(spec)))
  elseif getmetatable(spec) ~= nil then
    schema.fail(("%s takes a plain table, without a metatable"):format(what))
  elseif is_right(spec, shape) then
    return spec
  end
  local names = {}
  for key in pairs(spec) do
    names[#names + 1] = key
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, key in ipairs(names) do
    local wrong
    if not shape[key] then
      wrong = schema.unknown(what, key, shape)
    else
      wrong = schema.misfit(what, key, spec[key], shape[key])
    end
    if wrong then
      schema.problem(wrong, key)
    end
  end
  for key, rule in pairs(shape) do
    if rule.required and spec[key] == nil then
      schema.problem(schema.lacking(what, key, rule))
    end
  end
  return spec
end

return schema

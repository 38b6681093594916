-- What a rule asks of ctx, as far as its source says it in plain words: members that are not there, keys
-- and values that no action takes, and what only the engine can judge (metrics, channels, triggers).
--   lint_calls.problems(tokens, report) --> { { what = "series", name = "stpes", line, column } ... } for it
-- tokens: of lint.lua. What is worked out when the rule runs is left alone.
local context = require "context"
local errors = require "errors"
local schema = require "schema"
local shapes = require "shapes"

local lint_calls = {}

local OPAQUE = {} -- stands for what only a run knows
local opens = { ["("] = ")", ["["] = "]", ["{"] = "}" }
local closes = { [")"] = true, ["]"] = true, ["}"] = true }
local blocks = { ["function"] = 1, ["do"] = 1, ["if"] = 1, ["repeat"] = 1, ["end"] = -1, ["until"] = -1 }

local function text(tokens, i)
  return tokens[i] and tokens[i].text or ""
end

-- --- literals ---

-- Behind the expression that begins at i: the comma or bracket that ends it.
local function behind(tokens, i)
  local depth, block = 0, 0
  while tokens[i] do
    local t = text(tokens, i)
    if depth == 0 and block == 0 and (t == "," or t == ";" or closes[t]) then
      return i
    elseif tokens[i].kind == "keyword" then
      block = block + (blocks[t] or 0)
    elseif tokens[i].kind == "op" then
      depth = depth + (opens[t] and 1 or closes[t] and -1 or 0)
    end
    i = i + 1
  end
  return i
end

local function word(token)
  local s = token.text:match "^([\"'])" and token.text:sub(2, -2)
  return s and not s:find("\\", 1, true) and s or OPAQUE
end

local constants = { ["true"] = true, ["false"] = false }
local literal

-- { a = 1, "x" }: its values by their keys, where each stands, and whether all keys are known.
local function constructor(tokens, i)
  local made, n = { values = {}, at = {}, whole = true }, 0
  i = i + 1
  while tokens[i] and text(tokens, i) ~= "}" do
    local key, from = nil, i
    if tokens[i].kind == "name" and text(tokens, i + 1) == "=" then
      key, i = text(tokens, i), i + 2
    elseif text(tokens, i) == "[" then
      made.whole = false
    else
      n = n + 1
      key = n
    end
    local value, stop = literal(tokens, i)
    if key then
      made.values[key], made.at[key] = value, from
    end
    i = (text(tokens, stop) == "," or text(tokens, stop) == ";") and stop + 1 or stop
    if closes[text(tokens, i)] and text(tokens, i) ~= "}" then
      break
    end
  end
  return made, i + 1
end

-- The value that stands at i, or OPAQUE; and where what follows it begins.
literal = function(tokens, i)
  local t, value, stop = tokens[i], OPAQUE, nil
  if not t then
    return OPAQUE, i
  elseif t.kind == "string" then
    value, stop = word(t), i + 1
  elseif t.kind == "number" then
    value, stop = tonumber(t.text) or OPAQUE, i + 1
  elseif constants[t.text] ~= nil then
    value, stop = constants[t.text], i + 1
  elseif t.text == "{" then
    value, stop = constructor(tokens, i)
  elseif t.text == "sw" and text(tokens, i + 1) == "." then
    local from = i + 3 + (text(tokens, i + 3) == "(" and 1 or 0)
    local spec, after = literal(tokens, from)
    value, stop = { constructor = text(tokens, i + 2), spec = spec, i = i }, after
    stop = from > i + 3 and stop + 1 or stop
  end
  local ends = behind(tokens, i)
  if stop ~= ends then
    return OPAQUE, ends
  end
  return value, ends
end

-- What a function is called with: name { ... }, name "x", name("x", { ... }).
local function arguments(tokens, i)
  local list, at = {}, {}
  if text(tokens, i) == "{" then
    list[1], at[1] = (constructor(tokens, i)), i
  elseif tokens[i] and tokens[i].kind == "string" then
    list[1], at[1] = word(tokens[i]), i
  elseif text(tokens, i) == "(" then
    i = i + 1
    while tokens[i] and text(tokens, i) ~= ")" do
      at[#at + 1] = i
      list[#at], i = literal(tokens, i)
      i = text(tokens, i) == "," and i + 1 or i
      if closes[text(tokens, i)] then
        break
      end
    end
  end
  return list, at
end

-- As the script would have it: nil for what is not said in plain words.
local function plain(value)
  if type(value) ~= "table" then
    return value
  elseif value == OPAQUE or value.constructor or not value.whole then
    return nil
  end
  local made = {}
  for key, v in pairs(value.values) do
    made[key] = plain(v)
    if made[key] == nil then
      return nil
    end
  end
  return made
end

-- --- what is wrong with them ---

local function sorted(t)
  local list = {}
  for key in pairs(t) do
    list[#list + 1] = key
  end
  table.sort(list, function(a, b) return tostring(a) < tostring(b) end)
  return list
end

local function check_table(report, i, what, given, shape)
  for _, key in ipairs(sorted(given.values)) do
    local value = plain(given.values[key])
    if not shape[key] then
      report(given.at[key], schema.unknown(what, key, shape))
    elseif value ~= nil and given.values[key] ~= OPAQUE then
      local wrong = schema.misfit(what, key, value, shape[key])
      report(given.at[key], wrong)
    end
  end
  for _, key in ipairs(given.whole and sorted(shape) or {}) do
    if shape[key].required and given.values[key] == nil then
      report(i, schema.lacking(what, key, shape[key]))
    end
  end
end

local function is_constructor(value)
  return type(value) == "table" and value ~= OPAQUE and value.values ~= nil
end

-- The trigger that stands there in plain words, as its constructor would make it; nil when it does not.
local function trigger_of(value, report)
  if type(value) == "string" then
    return { kind = "event", event = value }
  elseif type(value) ~= "table" or not value.constructor then
    return nil
  end
  local shape, spec = shapes.triggers[value.constructor], value.spec
  if value.constructor == "any" and is_constructor(spec) then
    local any = { kind = "any", of = {} }
    for i, one in ipairs(spec.values) do
      any.of[i] = trigger_of(one, report)
    end
    return #any.of > 0 and any or nil
  elseif not shape then
    return nil
  elseif type(spec) == "string" then
    spec = { values = { spec }, at = { value.i + 3 }, whole = true }
  elseif not is_constructor(spec) then
    return nil
  end
  check_table(report, value.i, value.constructor, spec, shape)
  local made = plain(spec)
  if made and made[1] ~= nil then
    made[shape[1] and shape[1].name or 1], made[1] = made[1], nil
  end
  if made then
    made.kind = value.constructor
  end
  return made
end

-- --- ctx ---

local reading = { series = true, records = true, count = true, goal = true }
lint_calls.reading = reading

local function members()
  local names = { now = true, params = true, state = true, user = true, log = true, sleep = true,
    wait_for = true }
  for _, list in ipairs { reading, context.names } do
    for name in pairs(list) do
      names[name] = true
    end
  end
  return names
end

local function verbs_of(group)
  local verbs = {}
  for full in pairs(context.actions) do
    verbs[full:match("^" .. group .. "%.(%l+)$") or false] = true
  end
  verbs[false] = nil
  return next(verbs) and verbs or nil
end

local look = {} -- what is called -> what is seen in what it is given

function look.read(self, _, name, list, at)
  if type(list[1]) == "string" then
    self.tell(at[1], { what = name, name = list[1] })
  end
  if is_constructor(list[2]) and context.reads[name] then
    check_table(self.report, at[2], "ctx." .. name, list[2], context.reads[name])
  end
end

function look.wait_for(self, i, _, list, at)
  local trigger = trigger_of(list[1], self.report)
  if trigger then
    self.tell(at[1], { what = "wait_for", trigger = trigger })
  end
  local options = list[2]
  if #at == 1 or is_constructor(options) and options.whole and options.values.timeout == nil then
    self.report(i, "ctx.wait_for takes a timeout, after which it gives nil", '{ timeout = "10h" }')
  elseif is_constructor(options) then
    check_table(self.report, at[2], "ctx.wait_for", options, context.waits)
  end
end

function look.action(self, i, name, list)
  local row, given = context.actions[name], list[1]
  if not is_constructor(given) then
    return
  end
  check_table(self.report, i, "ctx." .. name, given, row[2])
  local channel = given.values.channel
  if name == "notify" and type(channel) == "string" then
    self.tell(given.at.channel, { what = "channel", name = channel })
  end
  local buttons = name == "notify" and given.values.buttons
  for _, b in ipairs(is_constructor(buttons) and buttons.values or {}) do
    self.tell(given.at.buttons, { what = "button", button = plain(b) })
  end
end

local function member(self, tokens, i, known)
  local name = text(tokens, i)
  local verbs = verbs_of(name)
  if not known[name] then
    return self.report(i, ("ctx has no '%s'%s"):format(name, errors.did_you_mean(name, known)))
  elseif verbs and text(tokens, i + 1) == "." and not verbs[text(tokens, i + 2)] then
    return self.report(i + 2, context.no_verb(name, text(tokens, i + 2), verbs))
  end
  local full, from = name, i + 1
  if verbs and text(tokens, i + 1) == "." then
    full, from = name .. "." .. text(tokens, i + 2), i + 3
  end
  local list, at = arguments(tokens, from)
  local see = reading[full] and look.read or look[full] or context.actions[full] and look.action
  if see and #at > 0 then
    see(self, i, full, list, at)
  end
end

-- report(i, message, hint): a mistake at token i. Gives what the engine has to judge.
function lint_calls.problems(tokens, report)
  local told, known = {}, members()
  local self = { report = function(i, message, hint)
    if message then
      report(i, message, hint)
    end
  end }
  function self.tell(i, what)
    what.line, what.column = tokens[i].line, tokens[i].column
    told[#told + 1] = what
  end
  for i = 3, #tokens do
    if text(tokens, i - 1) == "." and text(tokens, i - 2) == "ctx" and text(tokens, i - 3) ~= "." then
      member(self, tokens, i, known)
    end
  end
  return told
end

return lint_calls

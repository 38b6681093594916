-- Tests of scripts, as their writers see them: describe / it / expect and a person whose time stands still.
--   describe("hydrate", function() it("reminds after an hour", function(t)
--     t.rule "hydrate"; t.event { "workout.created", elapsed = "1h" }; t.expect_fired("hydrate", 1) end) end)
-- The test itself runs confined; what it asks for is done by the engine on a home made for the test.
-- luacheck: read globals core load_text where
local clock = require "clock"
local env = require "env"
local errors = require "errors"
local fields = require "fields"
local quantity = require "quantity"
local schema = require "schema"

local testing = {}

local SKIP = {}

local function ask(name, args)
  local ok, value = core.call("test." .. name, args or {})
  if not ok then
    errors.fail(tostring(value))
  end
  return value
end

-- --- t ---

-- "elapsed" = "61min" becomes elapsed_s = 3660; names and values of fields as they are stored.
local function attribute(kind, name, value)
  for full, unit in pairs(fields.of(kind)) do
    local bare, suffix = fields.split(full)
    if bare == name and (type(value) == "string" or quantity.is(value)) then
      local dim = fields.dimension[suffix]
      local v = quantity.number(value, dim)
        or errors.fail(("'%s' is no %s such as %s"):format(tostring(value), dim, quantity.example(dim)))
      return full, unit == "kg" and v / 1000 or unit == "mg" and v * 1000 or v
    end
  end
  return name, value
end

local outside = { start = true, finish = true, id = true, provider = true, maker = true, at = true,
  backfill = true }

local function event(spec)
  if type(spec) ~= "table" or type(spec[1]) ~= "string" then
    errors.fail('t.event takes a table: t.event { "workout.created", elapsed = "61min" }'
      .. " or the like")
  end
  local kind = (spec[1]:match "^([%l]+)%." or spec[1]):gsub("^backfill$", "sync")
  local args = { event = spec[1], attributes = {} }
  for name, value in pairs(spec) do
    if name == "start" or name == "finish" or name == "at" then
      args[name] = quantity.instant(value) or errors.fail(("'%s' is no time"):format(tostring(value)))
      local has_zone = type(value) == "string" and value:find "[+-]%d%d:?%d%d$"
      local offset = has_zone and select(2, clock.parse(value))
      args[name == "finish" and "offset_finish" or "offset"] = offset or nil -- of somebody who is elsewhere
    elseif outside[name] then
      args[name] = value
    elseif name ~= 1 then
      local full, v = attribute(kind, name, value)
      if kind ~= "connection" and kind ~= "sync" and kind ~= "webhook" and not fields.of(kind)[full] then
        errors.fail(("a %s has no field '%s'%s"):format(kind, tostring(name),
          errors.did_you_mean(tostring(name), fields.readable(kind))))
      end
      args.attributes[full] = v
    end
  end
  return ask("event", args)
end

local function span(text)
  return quantity.number(text,
    "duration") or errors.fail(("'%s' is no duration such as \"3d\""):format(tostring(text)))
end

local function instant(value)
  local wanted = "'%s' is no time such as \"2026-03-01T08:00\""
  return quantity.instant(value) or errors.fail(wanted:format(tostring(value)))
end

local function expect_fired(rule, n)
  local fired = ask("fired", { rule = rule })
  if #fired ~= (n or 1) then
    local why = ask("why", { rule = rule })
    errors.fail(("%s fired %d time%s, not %d%s"):format(rule, #fired, #fired == 1 and "" or "s", n or 1,
      why ~= "" and "; " .. why or ""))
  end
end

local function made()
  local t = { clock = {}, http = {}, event = event, expect_fired = expect_fired }
  function t.clock.advance(text) return ask("advance", { ms = math.floor(span(text) * 1000) }) end
  function t.clock.set(value) return ask("set", { at = instant(value) }) end
  function t.clock.now() return quantity.time(ask "now") end
  function t.http.replay(what) return ask("replay", type(what) == "string" and { file = what }
    or { list = what }) end
  function t.http.requests() return ask "requests" end
  function t.rule(name, params) return ask("rule", { rule = name, params = params }) end
  function t.sample(metric, value, more)
    more = type(more) == "table" and more or { unit = more }
    schema.check("t.sample", more, { unit = { "text" }, at = { "any" }, provider = { "text" },
      maker = { "text" } })
    return ask("sample", { metric = metric, value = value, unit = more.unit, provider = more.provider,
      maker = more.maker, at = more.at and instant(more.at) })
  end
  function t.goal(metric, target) return ask("goal", { metric = metric, target = target }) end
  function t.fired(rule) return ask("fired", { rule = rule }) end
  function t.actions(rule) return ask("actions", { rule = rule }) end
  function t.why(rule) return ask("why", { rule = rule }) end
  function t.errors(rule) return ask("errors", { rule = rule }) end
  function t.notifications() return ask "notifications" end
  function t.calendar() return ask "calendar" end
  function t.tasks() return ask "tasks" end
  function t.connect(provider, more) return ask("connect", { provider = provider, more = more or {} }) end
  function t.sync(provider) return ask("sync", { provider = provider }) end
  function t.post(provider, body) return ask("post", { provider = provider, body = body }) end
  function t.records(kind) return ask("records", { kind = kind }) end
  function t.days(metric) return ask("days", { metric = metric }) end
  function t.samples(metric) return ask("samples", { metric = metric }) end
  return t
end

local function closed(t, what)
  for name, value in pairs(t) do
    if type(value) == "table" then
      t[name] = closed(value, what .. "." .. name)
    end
  end
  return setmetatable({}, { __metatable = false, __index = function(_, name)
    return t[name] or errors.fail(("%s has no '%s'%s"):format(what, tostring(name),
      errors.did_you_mean(tostring(name), t)))
  end })
end

-- --- expect ---

local function show(v, depth)
  if quantity.is(v) then
    return quantity.text(v)
  elseif type(v) == "string" then
    return ("%q"):format(v):sub(1, 300)
  elseif type(v) ~= "table" or (depth or 0) > 3 then
    return tostring(v)
  end
  local parts = {}
  for k, x in pairs(v) do
    parts[#parts + 1] = (type(k) == "number" and "" or tostring(k) .. " = ") .. show(x, (depth or 0) + 1)
    if #parts > 20 then
      break
    end
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" or quantity.is(a) then
    return a == b
  end
  for k, v in pairs(a) do
    if not same(v, b[k]) then
      return false
    end
  end
  for k in pairs(b) do
    if a[k] == nil then
      return false
    end
  end
  return true
end

local function raised(f)
  local ok, e = pcall(f)
  return not ok and errors.explain(e).text or nil
end

local matchers = {
  equals = function(value, wanted)
    return same(value, wanted), ("expected %s, got %s"):format(show(wanted), show(value))
  end,
  near = function(value, wanted, tolerance)
    local fine = type(value) == "number" and math.abs(value - wanted) <= (tolerance or 1e-6)
    return fine, ("expected about %s, got %s"):format(show(wanted), show(value))
  end,
  is_true = function(value) return value and true or false,
    "expected something true, got " .. show(value) end,
  is_false = function(value) return not value, "expected false or nil, got " .. show(value) end,
  is_nil = function(value) return value == nil, "expected nil, got " .. show(value) end,
  contains = function(value, text)
    local fine = type(value) == "string" and value:find(text, 1, true) ~= nil
    return fine, ("expected a text with %s, got %s"):format(show(text), show(value))
  end,
  fails = function(value, text)
    local message = type(value) == "function" and raised(value)
    local fine = message and (not text or message:find(text, 1, true) ~= nil)
    return fine, ("expected an error%s, got %s"):format(text and " with " .. show(text) or "", show(message
      or value))
  end,
}

local function expect(value)
  return setmetatable({}, { __metatable = false, __index = function(_, name)
    local matcher = matchers[name] or errors.fail(("expect has no '%s'%s"):format(tostring(name),
      errors.did_you_mean(tostring(name), matchers)))
    return function(...)
      local fine, message = matcher(value, ...)
      if not fine then
        errors.fail(message)
      end
    end
  end })
end

-- --- running ---

local function runner(out)
  local names = {}
  out.tests = {}
  local say = {}
  function say.describe(name, f)
    names[#names + 1] = tostring(name)
    f()
    names[#names] = nil
  end
  function say.skip(why)
    error({ [SKIP] = tostring(why or "skipped") }, 0)
  end
  function say.it(name, f)
    local full = table.concat(names, " ") .. (#names > 0 and ": " or "") .. tostring(name)
    local t = closed(made(), "t")
    say.env.t = t
    ask("begin", { name = full })
    local ok, e = pcall(f, t)
    local skipped = not ok and type(e) == "table" and rawget(e, SKIP)
    local test = { name = errors.clean(full), ok = ok, skipped = skipped and errors.clean(skipped) or nil }
    test.error = not ok and not skipped and errors.explain(e) or nil
    out.tests[#out.tests + 1] = test
  end
  say.expect = expect
  return say
end

-- A test file is a script like any other, with four more words.
function testing.run(run, out, compile)
  local e = env.new()
  local say = runner(out)
  for _, name in ipairs { "describe", "it", "expect", "skip" } do
    e[name] = say[name]
  end
  say.env = e
  compile(run, e)()
end

return testing

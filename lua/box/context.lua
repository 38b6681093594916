-- ctx, through which a rule acts: actions are recorded as data, the engine performs them later.
--   local ctx = context.new(run, out, declaration);  ctx.calendar.add { title = ..., at = ... }
-- Times leave as UTC milliseconds, durations as seconds. Reads (series, records, count) ask the engine.
-- luacheck: read globals core load_text where
local clock = require "clock"
local env = require "env"
local errors = require "errors"
local event = require "event"
local quantity = require "quantity"
local schema = require "schema"
local series = require "series"
local steps = require "steps"
local template = require "template"

local context = {}

local MAX_ACTIONS = 200
local PURE_HINT = "actions belong in run, and so do questions about history"

local function time(v)
  return quantity.instant(v) ~= nil, "a time such as w.finish + \"30min\""
end

local function text_like(v)
  return type(v) == "string" or type(v) == "number" or quantity.is(v), "a text"
end

local function body_like(v)
  return type(v) == "string" and #v <= 32768, "a text of at most 32 KB"
end

local if_past = { { "skip", "now" } }
local unknown = { { "resend", "hold" } }

-- action -> grant, shape; a text alone stands for the member named first
local actions = {
  ["calendar.add"] = { "calendar:write", { title = { "text", required = true },
    at = { time, required = true }, duration = { "duration" }, if_past = if_past,
    notes = { "text" }, location = { "text" }, uid = { "text" },
    calendar = { "text" }, alarm = { "duration" } } },
  ["calendar.update"] = { "calendar:write", { uid = { "text", required = true }, title = { "text" },
    at = { time }, duration = { "duration" }, notes = { "text" }, location = { "text" } } },
  ["calendar.remove"] = { "calendar:write", { uid = { "text", required = true } }, "uid" },
  notify = { "notify", { text = { text_like, required = true }, title = { "text" }, channel = { "text" },
    buttons = { "list" }, at = { time }, if_past = if_past, on_unknown = unknown,
    priority = { { "low", "normal", "high" } }, group = { "text" }, within = { "duration" },
    once_per = { "duration" }, values = { "map" }, id = { "text" } }, "text" },
  ["http.request"] = { "http", { url = { "text", required = true }, method = { "text" }, headers = { "map" },
    body = { body_like }, json = { "any" }, on_unknown = unknown,
    key = { "text", doc = "sent as Idempotency-Key; say one if the host honours it" } } },
  ["record.add"] = { "record:write", { kind = { "text" }, start = { time, required = true },
    finish = { time }, attributes = { "map" }, value = { "number" }, metric = { "text" },
    unit = { "text" } } },
  ["record.tag"] = { "record:write", { id = { "text" }, tag = { "text", required = true } }, "tag" },
  ["sync.start"] = { "sync:start", { connection = { "text", required = true } }, "connection" },
  ["rule.fire"] = { "rule:fire", { rule = { "text", required = true }, event = { "any" } }, "rule" },
  ["task.add"] = { "task:write", { title = { "text", required = true }, due = { time }, notes = { "text" } },
    "title" },
  ["mqtt.publish"] = { "mqtt:publish", { topic = { "text", required = true }, payload = { "any" },
    qos = { { 0, 1, 2 } }, retain = { "boolean" }, on_unknown = unknown } },
}

-- Each has a number, by which the box counts it.
local numbers = {}
do
  local names = {}
  for name in pairs(actions) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    numbers[name] = i
  end
end

-- The members of an action that are texts (true: required), if texts are enough for it.
local function texts_of(name, shape)
  local names = {}
  for key, rule in pairs(shape) do
    if rule[1] == "text" or rule[1] == text_like then
      names[key] = rule.required or false
    elseif rule.required then
      return nil
    end
  end
  return name ~= "record.tag" and name ~= "http.request" and names or nil
end

local times = { at = true, start = true, finish = true, due = true }
local durations = { duration = true, alarm = true, within = true, once_per = true }

-- A deep copy as plain data: quantities become numbers, or their text in free content.
local function plain(value, depth)
  value = event.data(value) or value
  if quantity.is(value) then
    return value.dim == "time" and math.floor(value.value) or value.value
  elseif type(value) ~= "table" then
    return value
  elseif depth > 16 then
    errors.fail "the arguments of an action are nested too deeply"
  end
  local to = {}
  for key, v in next, value do
    to[key] = plain(v, depth + 1)
  end
  return to
end

local function normal(args)
  local to = {}
  for key, value in next, args do
    if times[key] then
      to[key] = quantity.instant(value)
    elseif durations[key] then
      to[key] = quantity.number(value, "duration")
    elseif key == "text" then
      to[key] = tostring(value)
    elseif key == "values" then
      to[key] = template.texts(value)
    else
      to[key] = plain(value, 0)
    end
  end
  for _, key in ipairs(to.values and { "text", "title" } or {}) do
    to[key] = to[key] and template.fill(to[key], to.values)
  end
  return to
end

local function granted(declaration, grant)
  for _, g in ipairs(declaration.uses or {}) do
    if g == grant or (grant == "http" and g:sub(1, 5) == "http:") then
      return true
    end
  end
end

-- As it is written in `uses`.
function context.grant(grant)
  return grant == "http" and "http:api.example.com" or grant
end

local function check_grant(declaration, name, grant)
  if declaration.only_reads then
    errors.fail("a line of the REPL reads and changes nothing", "a rule may: syncwell new rule NAME")
  elseif not granted(declaration, grant) then
    errors.fail(("ctx.%s is not granted to this rule"):format(name),
      ('add the line: uses = { "%s" },'):format(context.grant(grant)))
  end
end

-- A run that came alone keeps its actions in `out`; those of a batch go to the box at once.
local function record(ctx_state, name, args)
  if not ctx_state.out then
    return core.act(name, numbers[name], args)
  end
  if ctx_state.steps and not steps.act(ctx_state.steps, name, args) then
    return
  end
  local list = ctx_state.out.actions or {}
  ctx_state.out.actions = list
  if #list >= MAX_ACTIONS then
    errors.fail(("more than %d actions in one firing"):format(MAX_ACTIONS))
  end
  ctx_state.count[name] = (ctx_state.count[name] or 0) + 1
  list[#list + 1] = { action = name, args = args, occurrence = ctx_state.count[name] }
end

local function request(ctx_state, data)
  if not ctx_state.out then
    steps.alone "http.request"
  end
  return steps.request(ctx_state.steps, data)
end

local function action(ctx_state, name, row)
  local function act(args)
    check_grant(ctx_state.declaration, name, row[1])
    if row[3] and type(args) ~= "table" then
      args = { [row[3]] = args }
    elseif quantity.is(args) and row[3] then
      args = { [row[3]] = args }
    end
    schema.check("ctx." .. name, args, row[2])
    local data = normal(args)
    if name == "record.tag" and not data.id then
      data.id = ctx_state.event_id
      if not ctx_state.out then
        data.id = core.raw(core.event(), "id")
      end
    elseif name == "http.request" then
      return request(ctx_state, data)
    end
    record(ctx_state, name, data)
  end
  local texts = not ctx_state.out and granted(ctx_state.declaration, row[1]) and texts_of(name, row[2])
  return texts and core.action(name, numbers[name], texts, act) or act
end

local function ask(name, args, known)
  local ok, value
  if known then
    ok, value = steps.read(known, name, plain(args, 0))
  else
    ok, value = core.call(name, plain(args, 0))
  end
  if not ok then
    errors.fail(("ctx.%s: %s"):format(name, tostring(value)))
  end
  return value
end

-- A list that is longer than an answer may be comes page by page.
local function ask_list(name, args, known)
  local page = ask(name, args, known) or {}
  local list = page.more and page.rows or page
  while page.more do
    args.after = #list
    page = ask(name, args, known)
    table.move(page.rows, 1, #page.rows, #list + 1, list)
  end
  return list
end

local reads = {
  series = { last = { "duration", doc = 'the last span; "1d" is today, "2d" yesterday and today' },
    from = { time }, to = { time },
    every = { { "day", "hour", "week", "month", "raw" } }, limit = { "integer" }, cursor = { "text" },
    maker = { "text", doc = "of raw samples: only what this maker measured" } },
  records = { last = { "duration" }, from = { time }, to = { time }, sport = { "text" },
    maker = { "text" }, where = { "map" }, limit = { "integer" } },
  count = { last = { "duration" }, from = { time }, to = { time }, sport = { "text" },
    maker = { "text" }, where = { "map" } },
}

local function read_args(what, options)
  local args = normal(schema.check("ctx." .. what, options or {}, reads[what]))
  for _, name in ipairs { "from", "to" } do
    args[name] = quantity.instant(args[name])
  end
  args.last_s, args.last = quantity.number(args.last, "duration"), nil
  return args
end

-- known: the steps of a run that has some
local function read_series(metric, options, known)
  if type(metric) ~= "string" then
    errors.fail "ctx.series takes the name of a metric first"
  end
  local args = read_args("series", options)
  args.metric = metric
  return series.wrap(ask_list("series", args, known))
end

local function record_args(name, kind, options)
  if type(kind) ~= "string" then
    errors.fail(("ctx.%s takes a kind of record first"):format(name))
  end
  local args = read_args(name, options)
  args.kind = kind
  return args
end

local function read_records(kind, options, known)
  local list, wrap = {}, event.wrap
  for i, data in ipairs(ask_list("records", record_args("records", kind, options), known)) do
    list[i] = wrap(data)
  end
  return list
end

local function read_count(kind, options, known)
  return ask("count", record_args("count", kind, options), known)
end

-- The present goal of a day, in the metric's unit; nil without one.
local function read_goal(metric, known)
  if type(metric) ~= "string" then
    errors.fail "ctx.goal takes the name of a metric"
  end
  return ask("goal", { metric = metric }, known).target
end

context.actions, context.reads = actions, reads -- for reference.lua and lint_calls.lua
context.waits = { timeout = { "duration", required = true, doc = "after which it gives nil" } }
context.names = {} -- what ctx has of them: "calendar", "notify"

local groups = {} -- "calendar" -> { add = "calendar.add" ... }
for name in pairs(actions) do
  context.names[name:match "^%l+"] = true
  local group, verb = name:match "^(%l+)%.(%l+)$"
  if group then
    groups[group] = groups[group] or {}
    groups[group][verb] = name
  end
end

-- What is said of ctx.calendar.list: the verbs that there are.
function context.no_verb(group, verb, verbs)
  local names = {}
  for name in pairs(verbs) do
    names[#names + 1] = name
  end
  table.sort(names)
  return ("ctx.%s has no '%s'; it has %s"):format(group, errors.clean(tostring(verb)):sub(1, 60),
    table.concat(names, ", "))
end

local function unchangeable()
  errors.fail "ctx cannot be changed; keep values in ctx.state"
end

-- Actions come into being when a script reaches for them: most rules have one.
local function make_member(ctx, state, name)
  if actions[name] and not groups[name] then
    ctx[name] = action(state, name, actions[name])
  elseif groups[name] then
    local verbs = {}
    for verb, full in pairs(groups[name]) do
      verbs[verb] = action(state, full, actions[full])
    end
    setmetatable(verbs, { __index = function(_, verb)
      errors.fail(context.no_verb(name, verb, groups[name]))
    end })
    ctx[name] = setmetatable({}, { __metatable = false, __index = verbs, __newindex = unchangeable })
  end
end

local function log(...)
  local parts = table.pack(...)
  for i = 1, parts.n do
    parts[i] = tostring(parts[i])
  end
  env.log(table.concat(parts, " "))
end

-- What the rule kept: one table for all that a run is given.
local function state_of(run)
  local current = core.current()
  current.state = current.state or run.state or {}
  return current.state
end

-- Only reading: what `when` and `key` are given.
local function pure(run, params)
  return { params = params, now = quantity.time(clock.now()), user = run.user, state = state_of(run),
    log = log }
end

local function no_member(ctx, what, hint, name)
  errors.fail(("%s has no '%s'%s"):format(what, errors.clean(tostring(name)):sub(1, 60),
    errors.did_you_mean(name, ctx)), hint)
end

local function closed(ctx, what, hint, state)
  return setmetatable({}, {
    __metatable = false,
    __index = function(_, name)
      if name == "now" then
        return quantity.time(clock.now()) -- it goes on when a step was waited for
      elseif ctx[name] == nil and state then
        make_member(ctx, state, name)
      end
      if ctx[name] == nil then
        for known in pairs(state and actions or {}) do
          make_member(ctx, state, known:match "^%l+")
        end
        no_member(ctx, what, hint, name)
      end
      return ctx[name]
    end,
    __newindex = unchangeable,
  })
end

-- What is the run's own, asked for while it runs: so one ctx serves all runs of a batch, and one that a
-- rule keeps shows nothing of another run.
local own = {
  now = function() return quantity.time(clock.now()) end,
  state = function() steps.alone "state" end, -- each run sees what the one before it left
}

local function names_of(members, state)
  local names = { now = true, state = true }
  for name in next, members do
    names[name] = true
  end
  for name in pairs(state and actions or {}) do
    names[name:match "^%l+"] = true
  end
  return names
end

local function shared(members, what, hint, state)
  setmetatable(members, { __index = function(_, name)
    if own[name] then
      return own[name]()
    elseif state then
      make_member(members, state, name)
    end
    local value = rawget(members, name)
    if value == nil then
      no_member(names_of(members, state), what, hint, name)
    end
    return value
  end })
  return setmetatable({}, { __metatable = false, __index = members, __newindex = unchangeable })
end

-- What the script left in ctx.state, as data; nil when there is and was nothing.
function context.keep_state(run, out)
  local state = core.current().state or {}
  out.state = (next(state) ~= nil or run.state) and plain(state, 0) or nil
end

-- The two ctx of a batch: for `when` and `key`, and for `run`.
function context.batch(head, declaration, params)
  local pure_one = { params = params, user = head.user, log = log }
  local whole = { params = params, user = head.user, log = log }
  function whole.series(metric, options) return read_series(metric, options) end
  function whole.records(kind, options) return read_records(kind, options) end
  function whole.count(kind, options) return read_count(kind, options) end
  function whole.goal(metric) return read_goal(metric) end
  for _, name in ipairs { "sleep", "wait_for" } do
    whole[name] = function() steps.alone(name) end
  end
  return shared(pure_one, "ctx (in when and key)", PURE_HINT),
    shared(whole, "ctx", nil, { declaration = declaration })
end

function context.pure(run, params)
  return closed(pure(run, params), "ctx (in when and key)", PURE_HINT)
end

function context.new(run, out, declaration, params)
  local ctx = pure(run, params)
  local known = steps.new(run, out, function() context.keep_state(run, out) end)
  local state = { out = out, declaration = declaration, count = {}, event_id = (run.event or {}).id,
    steps = known }
  function ctx.series(metric, options) return read_series(metric, options, known) end
  function ctx.records(kind, options) return read_records(kind, options, known) end
  function ctx.count(kind, options) return read_count(kind, options, known) end
  function ctx.goal(metric) return read_goal(metric, known) end
  function ctx.sleep(span) return steps.sleep(known, span) end
  function ctx.wait_for(trigger, options) return steps.wait_for(known, trigger, options) end
  return closed(ctx, "ctx", nil, state)
end

return context

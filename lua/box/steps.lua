-- Durable steps: a run that waits ends there and is run again from its top, its recorded steps answered.
--   local s = steps.new(run, out);  steps.act(s, "notify", args)   --> true when it is new
--   steps.sleep(s, "30min")   steps.wait_for(s, trigger, { timeout = "10h" })   steps.request(s, args)
-- A step is known by its action, its arguments and how often that was asked. Recorded steps come in parts
-- that end with a wait; within a part their order is free, since `pairs` has none.
-- luacheck: read globals core load_text where
local clock = require "clock"
local errors = require "errors"
local event = require "event"
local quantity = require "quantity"
local shapes = require "shapes"

local steps = {}

local WAIT_MOST_S = 366 * 86400
local waits = { sleep = true, wait_for = true, ["http.request"] = true }

-- --- what a step is known by ---

local function by_text(a, b)
  return tostring(a) < tostring(b)
end

-- The same data always gives the same text.
local function canonical(value, parts)
  if type(value) ~= "table" then
    local number = math.type(value) == "float" and math.tointeger(value) or value
    parts[#parts + 1] = type(value):sub(1, 1) .. #tostring(number) .. ":" .. tostring(number)
    return parts
  end
  local keys = {}
  for key in next, value do
    keys[#keys + 1] = key
  end
  table.sort(keys, by_text)
  parts[#parts + 1] = "{"
  for _, key in ipairs(keys) do
    canonical(key, parts)
    canonical(value[key], parts)
  end
  parts[#parts + 1] = "}"
  return parts
end

local function new_part()
  return { left = 0, of = {} }
end

-- Recorded steps as parts: how often each was asked, and the wait that ends it.
local function parts_of(recorded)
  local list, part = {}, new_part()
  for n, r in ipairs(recorded) do
    local id = r.action .. " " .. r.hash
    if waits[r.action] then
      part.wait, part.n, part.action = id, n, r.action
      list[#list + 1] = part
      part = new_part()
    else
      part.of[id] = part.of[id] or {}
      table.insert(part.of[id], n)
      part.left = part.left + 1
    end
  end
  return list
end

-- run.steps: what is recorded; without it the run cannot wait (on_retract, a line of the REPL).
-- keep() hands over what the script has in ctx.state.
function steps.new(run, out, keep)
  if run.mode == "dry" and not run.retract then
    return { dry = true, out = out, count = {} }
  end
  return run.steps and { parts = parts_of(run.steps), at = 1, out = out, count = {}, n = #run.steps,
    keep = keep } or nil
end

-- The script asks for something that its recorded steps do not have here.
local function differs(s, action, what)
  local part = s.parts[s.at]
  local lacks
  for id, list in pairs(part.of) do
    lacks = lacks or #list > 0 and id:match "^%S+" or nil
  end
  s.out.differs = { asks = action, recorded = what or lacks or part.action, step = part.n }
  core.stop("ctx." .. action)
end

-- The number of the recorded step that this is; nil and the new step when it is none.
local function find(s, action, args)
  local hash = core.digest(table.concat(canonical(args, {})))
  local id = action .. " " .. hash
  s.count[id] = (s.count[id] or 0) + 1
  local part = s.parts and s.parts[s.at]
  if not part then
    return nil, { action = action, hash = hash, occurrence = s.count[id] }
  elseif waits[action] then
    if part.left > 0 or part.wait ~= id then
      differs(s, action, part.left == 0 and part.action)
    end
    s.at = s.at + 1
    return part.n
  end
  local list = part.of[id]
  if not list or #list == 0 then
    differs(s, action)
  end
  part.left = part.left - 1
  return table.remove(list, 1)
end

local function add(s, step)
  local list = s.out.steps or {}
  s.out.steps = list
  list[#list + 1] = step
end

local function ask(name, args)
  local ok, value = core.call(name, args)
  if not ok then
    errors.fail(tostring(value))
  end
  return value
end

-- --- the steps themselves ---

-- Before an action is listed: true when it is to be done, false when it was.
function steps.act(s, action, args)
  if s.dry then
    return true
  end
  local n, new = find(s, action, args)
  if new then
    add(s, new)
  end
  return n == nil
end

-- What was read before a wait stays what it was: the run must come to its waits as it did.
function steps.read(s, what, args)
  if s.dry then
    return core.call(what, args)
  end
  local n, new = find(s, what, args)
  if new then
    s.n = s.n + 1
    new.read, n = s.n, s.n
    add(s, new)
  end
  local r = ask("steps.read", { n = n, what = new and what, args = new and args })
  return r.error == nil, r.error or r.value
end

-- What was kept when the wait ended replaces what the run had: others of this rule ran meanwhile.
local function take_state(state)
  local current = core.current()
  local mine = current.state
  if mine then
    for key in next, mine do
      mine[key] = nil
    end
    for key, value in pairs(state or {}) do
      mine[key] = value
    end
  else
    current.state = state
  end
end

-- The result of a recorded wait; a new one ends the run.
local function wait(s, action, args)
  local n, new = find(s, action, args)
  if new then
    new.args = args
    s.out.wait = new
    s.keep()
    core.stop("ctx." .. action)
  end
  local r = ask("steps.result", { n = n })
  core.go_on(r.at)
  take_state(r.state)
  return r
end

local function durable(s, name)
  if not s then
    errors.fail(("ctx.%s works in run only"):format(name), "nothing else is run again when the wait is over")
  end
end

local function span_of(value, what)
  local s = quantity.number(value, "duration")
  if not s or s < 0 or s > WAIT_MOST_S then
    errors.fail(("%s takes a duration of up to a year"):format(what), 'write it like "30min"')
  end
  return s
end

function steps.sleep(s, span)
  durable(s, "sleep")
  local seconds = span_of(span, "ctx.sleep")
  if s.dry then
    return core.go_on(math.floor(clock.now() + seconds * 1000))
  end
  wait(s, "sleep", { seconds = seconds })
end

local function is_data(trigger)
  if type(trigger) ~= "table" then
    return false
  end
  for _, t in ipairs(trigger.kind == "any" and trigger.of or { trigger }) do
    if type(t) ~= "table" or not shapes.triggers[t.kind] or t.kind == "cron" or t.kind == "at"
      or t.kind == "every" then
      return false
    end
  end
  return true
end

local function plain(value, depth)
  if quantity.is(value) then
    return quantity.text(value)
  elseif type(value) ~= "table" or depth > 8 then
    return type(value) ~= "function" and value or nil
  end
  local to = {}
  for key, v in next, value do
    to[key] = plain(v, depth + 1)
  end
  return to
end

local function wait_args(trigger, options)
  if type(trigger) == "string" then
    trigger = require("syncwell").event(trigger)
  end
  if not is_data(trigger) then
    errors.fail("ctx.wait_for takes a trigger on events or data, such as sw.event \"sleep.created\"",
      "to wait for a time, use ctx.sleep")
  end
  local timeout = type(options) == "table" and options.timeout
  if not timeout then
    errors.fail("ctx.wait_for takes a timeout, after which it gives nil", '{ timeout = "10h" }')
  end
  return { trigger = plain(trigger, 0), seconds = span_of(timeout, "timeout") }
end

-- The event that came, or nil when the time was over.
function steps.wait_for(s, trigger, options)
  durable(s, "wait_for")
  local args = wait_args(trigger, options)
  local r
  if s.dry then
    r = ask("steps.foresee", { trigger = args.trigger, from = clock.now(), seconds = args.seconds })
    core.go_on(r.at)
  else
    r = wait(s, "wait_for", args)
  end
  return r.event and event.wrap(r.event) or nil
end

-- --- requests ---

-- status, headers, text and json of an answer; json is a document of ours, read when it is asked for.
local function answered(r)
  local res = { status = r.status, headers = r.headers or {}, text = core.text(r.bytes or 0) }
  local json, problem = core.json()
  res.json, res.problem = json, json == nil and problem or nil
  return res
end

-- An answer, or nil, a sentence and a code.
function steps.request(s, args)
  durable(s, "http.request")
  if s.dry then
    s.out.actions = s.out.actions or {}
    table.insert(s.out.actions, { action = "http.request", args = args, occurrence = 1 })
    return nil, "nothing is sent in a dry run", "dry"
  end
  local r = wait(s, "http.request", args)
  if r.problem then
    return nil, r.problem, r.code
  end
  return answered(r)
end

-- In a batch nothing can wait: the engine runs this event again, alone, with its steps.
function steps.alone(what)
  core.current().out.steps = true
  core.stop("ctx." .. what)
end

return steps

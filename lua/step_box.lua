-- One part of a firing that waits, in the box: what it is given, what it asks, what of its answer is taken.
--   local r = step_box.run { ctx, rule, body, at }       --> result of the box | nil, message, code
--   step_box.take(w, out, n)       adds its steps to w.body; true | nil, why it cannot be
-- What comes from a worker is looked at field by field before it is written down.
local door = require("door")
local firing = require("firing")
local home = require("home")
local requests = require("requests")
local rule_reads = require("rule_reads")
local tally = require("tally")
local waiting = require("waiting")
local zones = require("zones")

local json = sw.json
local step_box = {}

local BYTES_MOST, STEPS_MOST, RULE_MS, DAY_MS = 1 << 20, 1000, 200, 86400000
local WAIT_MOST_S = 366 * 86400
local LEAST_S = 1 -- each wait runs the rule again from its top: a loop of short ones would fill the day

-- As it comes back from the store: a run that is repeated must see what the first one saw.
function step_box.stored(value)
  return value ~= nil and json.decode(json.encode(value)) or nil
end

-- --- the run in the box ---

function step_box.spec(ctx, rule, body, at)
  local known = {}
  for i, s in ipairs(body.steps) do
    known[i] = { action = s.action, hash = s.hash }
  end
  return { op = "rule", script = rule.script, event = body.event, params = rule.params, at = body.start,
    mode = "run", key = body.key or body.given, resume = body.key ~= nil, seed = body.seed, steps = known,
    state = body.kept, user = ctx.name, offset_min = home.offset(ctx, body.start),
    zone = zones.span(ctx.zone, body.start, math.min(at, body.start + 3000 * DAY_MS)) }
end

local answers = {}
step_box.answers = answers

-- A new reading is kept: asked again after a wait it must say the same.
answers["steps.read"] = function(w, args)
  local known = not args.what and w.body.steps[args.n]
  if known then
    return known.result
  end
  w.asked = (w.asked or 0) + 1
  if w.asked > STEPS_MOST then
    return { error = "it reads too often" }
  end
  local value, message = rule_reads.read(w.ctx, w.rule, args.what, args.args, w.at)
  local r = step_box.stored { value = value, error = value == nil and tostring(message) or nil }
  w.reads[args.n] = r
  return r
end

answers["steps.result"] = function(w, args, call)
  local step = w.body.steps[args.n]
  local r = step and step.result
  if r and r.text then
    sw.box.body(call, r.base64 and sw.crypto.unbase64(r.text) or r.text)
  end
  return r and { at = r.at, state = r.state, event = r.event, status = r.status, headers = r.headers,
    bytes = r.bytes, problem = r.problem, code = r.code }
end

local function answering(w)
  return function(call, _, name, args)
    local give = answers[name] or w.answers and w.answers[name]
    if not give or type(args) ~= "table" then
      return sw.box.reply(call, false, name .. " is not available to rules")
    end
    local value = give(w, args, call)
    local sent, why = sw.box.reply(call, value ~= nil, value == nil and "this step is not recorded" or value)
    if not sent then
      w.reads[args.n or 0] = { error = why }
      sw.box.reply(call, false, why)
    end
  end
end

-- w: { ctx, rule, body, at }; the result of the box, w.reads filled.
function step_box.run(w)
  w.reads = {}
  local limits = w.ctx.config and w.ctx.config.limits or {}
  local list, message, code = door.run(w.ctx.name, w.rule.package, { { cpu_ms = limits.rule_ms or RULE_MS,
    spec = w.spec or step_box.spec(w.ctx, w.rule, w.body, w.at) } }, answering(w))
  if not list then
    return nil, message, code
  end
  tally.add(w.ctx, w.rule.name, list)
  local r = list[1]
  local doubt = r.ok and r.out.fired and not w.dry and firing.doubt(w.rule, r.out)
  if doubt then
    r.ok, r.error = false, { text = doubt }
  end
  return r
end

function step_box.text(w, r)
  local text = r.error and (r.error.text or r.error.message) or "stopped"
  return text:find(w.rule.script, 1, true) and text or w.rule.script .. ": " .. text
end

-- --- what came of it ---

local kinds = {}

function kinds.sleep(w, s)
  local seconds = tonumber(s.args.seconds)
  if not seconds or not (seconds >= 0 and seconds <= WAIT_MOST_S) then
    return nil, "it sleeps for no span of time"
  end
  return { kind = "sleep", due = math.floor(w.at + math.max(seconds, LEAST_S) * 1000) }
end

function kinds.wait_for(w, s)
  local wait, why = kinds.sleep(w, s)
  local fine, problem = pcall(waiting.problem, w.ctx, w.rule, s.args.trigger)
  if not wait or not fine or problem then
    return nil, "ctx.wait_for: " .. tostring(why or problem)
  end
  wait.kind = "wait_for"
  return wait
end

kinds["http.request"] = function(w, s)
  local problem = requests.problem(w.ctx, w.rule, s.args)
  if problem then
    return nil, "ctx.http.request: " .. problem
  end
  return { kind = "request", due = w.at, state = "planned" }
end

local function clean_step(s)
  local fine = type(s) == "table" and type(s.action) == "string" and #s.action <= 40
    and type(s.hash) == "string" and #s.hash == 16 and math.type(s.occurrence) == "integer"
  return fine and { action = sw.sys.clean(s.action), hash = sw.sys.clean(s.hash),
    occurrence = s.occurrence } or nil
end

-- The new steps of a part, those that are actions numbered as they stand in the firing (n were there).
local function add_steps(w, out, n)
  local list, first = w.body.steps, n
  for _, s in ipairs(type(out.steps) == "table" and out.steps or {}) do
    local step = clean_step(s)
    if not step or #list >= STEPS_MOST then
      return nil, step and ("more than %d steps in one firing"):format(STEPS_MOST) or "a step without a name"
    end
    step.at = w.at
    if s.read then
      step.result = w.reads[s.read] or { error = "nothing was read" }
    else
      n = n + 1
      step.n = n
    end
    list[#list + 1] = step
  end
  return n - first == #(out.actions or {}) or nil, "its steps and its actions do not fit"
end

local function add_wait(w, s)
  local step = clean_step(s)
  local kind = step and kinds[step.action]
  if not kind or type(s.args) ~= "table" then
    return nil, "it waits for nothing that is known"
  end
  step.at, step.args = w.at, step_box.stored(s.args)
  local wait, why = kind(w, step)
  if not wait then
    return nil, why
  end
  table.insert(w.body.steps, step)
  wait.n = #w.body.steps
  w.body.wait, w.body.state = wait, "waiting"
  return true
end

-- The part is over: it waits again, or all is done. nil and why when what came back cannot be.
function step_box.take(w, out, n)
  local fine, why = add_steps(w, out, n)
  if not fine then
    return nil, why
  end
  w.body.state, w.body.wait = "done", nil
  if out.wait then
    fine, why = add_wait(w, out.wait)
  end
  if fine and #json.encode(w.body) > BYTES_MOST then
    return nil, "what it read and was answered is over 1 MB: read less before it waits"
  end
  return fine, why
end

return step_box

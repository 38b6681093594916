-- Firings: what came of a rule and an event. A firing is recorded once a key, with one job an action, in one
-- transaction; what the box hands over is looked at before that. Retraction is a firing of its own. One that
-- waits goes on in lua/steps.lua.
--   firing.record(ctx, rule, e, out [, recent])   --> "fired" | "known" | nil, message, code
--   firing.doubt(rule, out)                       --> nil, or what is wrong with it
--   firing.of_group(ctx, rule, group)             --> the firing that this real event caused, if any
local action_shape = require("action_shape")
local actions = require("actions")
local buttons = require("buttons")
local gates = require("gates")
local grouping = require("grouping")
local home = require("home")
local outlets = require("outlets")

local type, clean, json = type, sw.sys.clean, sw.json -- asked for each firing
local is_plain, texts = sw.box.plain, action_shape.texts
local firing = {}

-- The key of an action: the same however often it is tried, another one for each action.
function firing.action_key(ctx, name, n)
  return sw.sys.hash(("%s:%s#%d"):format(ctx.name, name, n)):sub(1, 32)
end

function firing.public_event(view)
  return { id = view.id, group = view.group, kind = view.kind, type = view.type, day = view.day,
    planned = view.planned,
    start = view.start and sw.time.iso(view.start, view.offset_start or 0), finish = view.finish
      and sw.time.iso(view.finish, view.offset_finish or 0) }
end

-- When an action is due. A message waits for the end of quiet hours, unless it is urgent.
local function due_of(ctx, rule, e, a)
  local due = a.action == "notify" and a.args.at or e.at
  local quiet = a.action == "notify" and a.args.priority ~= "high" and gates.quiet_until(ctx, rule, due)
  if quiet then
    a.args.at = a.args.at and quiet
    a.waits = sw.time.iso(quiet, home.offset(ctx, quiet))
  end
  return math.tointeger(quiet or due) or e.at
end

-- A rule that takes back what it did needs to know what it was.
local function event_of(rule, e)
  local public = firing.public_event(e.event)
  public.attributes = rule.declaration.on_retract and e.event.attributes or nil
  return public
end

-- The event of a recorded firing, as rules see events.
function firing.event_again(was, at)
  local e = {}
  for k, v in pairs(was.event) do
    e[k] = v
  end
  e.at = at
  for _, name in ipairs { "start", "finish" } do
    if e[name] then
      e[name], e["offset_" .. name] = sw.time.parse(e[name])
    end
  end
  return e
end

-- The document comes back from the store without what marks empty lists; give that back.
function firing.listed(body)
  body.actions, body.log = json.list(body.actions or {}), json.list(body.log or {})
  return body
end

-- Add actions to a firing and their jobs to the transaction that writes it; they are asked for at `at`.
function firing.plan_actions(t, ctx, rule, name, body, wanted, at)
  for _, a in ipairs(wanted or {}) do
    local i, due = #body.actions + 1, due_of(ctx, rule, { at = at }, a)
    body.actions[i] = { action = a.action, args = a.args, state = "planned", waits = a.waits }
    t:job(outlets.job(ctx, name, i, a, due))
  end
end

-- `more(t, body, name)` may add to the transaction (lua/steps.lua).
function firing.record(ctx, rule, e, out, recent, more)
  local name = rule.name .. "|" .. out.key
  local body = { rule = rule.name, key = out.key, at = sw.time.iso(e.at, home.offset(ctx, e.at)),
    event = event_of(rule, e), outcome = out.retracts and "retracted" or "fired", retracts = out.retracts,
    chain = e.chain and json.list(e.chain), source = sw.sys.hash(rule.source):sub(1, 16),
    actions = json.list(), log = json.list(out.log or {}) }
  local t = home.txn(ctx)
  firing.plan_actions(t, ctx, rule, name, body, out.actions, e.at)
  if more then
    more(t, body, name)
  end
  t:doc("firing", name, json.encode(body), { mode = "new", at = e.at })
  if not out.retracts then
    t:doc("rule_last", rule.name, gates.remember(recent or gates.recent(ctx, rule), e.at))
  end
  local done, message, code = t:commit()
  if done then
    return "fired"
  elseif code == "conflict" then
    return "known"
  end
  return nil, message, code
end

-- Which grant an action of a channel needs; the others say it themselves. What is in neither cannot be
-- performed.
local grant_of = { notify = "notify", ["mqtt.publish"] = "mqtt:publish" }

local function has(uses, grant)
  for i = 1, #uses do
    if uses[i] == grant then
      return true
    end
  end
  return false
end

-- Why an action is not this rule's to do; nil when it is.
local function ungranted(uses, a)
  local args = type(a) == "table" and a.args
  local grant = type(args) == "table" and (grant_of[a.action] or actions.grant(a.action))
  local lacks = grant == "notify" and args.buttons and buttons.lacks(args.buttons, uses)
  if lacks then
    return buttons.ungranted(lacks)
  end
  return not (grant and has(uses, grant)) and "an action was asked for that was not granted" or nil
end

-- Actions this rule may ask for that need no second look when they are made of texts.
local function plainly(rule)
  local uses = rule.declaration.uses or {}
  return action_shape.plainly(function(action)
    return has(uses, grant_of[action] or actions.grant(action))
  end)
end

local function doubt_closely(rule, out)
  if type(out) ~= "table" or type(out.key) ~= "string" then
    return "the run gave no key"
  elseif out.log ~= nil and not action_shape.is_log(out.log)
    or out.actions ~= nil and type(out.actions) ~= "table" then
    return "the run gave what no run gives"
  end
  out.key = clean(out.key)
  local uses, list = rule.declaration.uses or {}, out.actions or {}
  for i = 1, #list do -- a hole is no action either
    local a = list[i]
    local problem = ungranted(uses, a) or action_shape.problem(a.action, a.args)
    if problem then
      return problem
    end
  end
end

-- What came back from the box is not believed: a firing has a clean key and only actions that were
-- granted. Gives what is wrong, nil when all is well.
function firing.doubt(rule, out)
  rule.plainly = rule.plainly or plainly(rule)
  return not is_plain(out, rule.plainly, texts) and doubt_closely(rule, out) or nil
end

-- The key is the group's where the rule has none of its own; else the rule's firings are looked through.
-- A group that was joined by hand has the names of its parts too.
function firing.of_group(ctx, rule, group)
  for _, name in ipairs(grouping.names(ctx, group)) do
    local doc = sw.store.doc(ctx.who, "firing", rule.name .. "|" .. name)
    if doc then
      return doc.body, doc.at
    end
  end
  local own = { newest = true, prefix = rule.name .. "|" }
  for _, d in ipairs(sw.store.docs(ctx.who, "firing", own) or {}) do
    if d.body.event.group == group and not d.body.retracts then
      return d.body, d.at
    end
  end
end

return firing

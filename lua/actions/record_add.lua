-- ctx.record.add { kind = "note", start = w.finish, attributes = { text = "felt good" } }, or a value:
-- ctx.record.add { metric = "caffeine", value = 80, start = w.start }
-- The origin is the rule's own, least of standing: what a device or the person says goes before it. A mark
-- under the action's key says which firing it came from and keeps it to once; `undo` takes it back.
local fields = require("box.fields")
local bulk = require("bulk")
local data = require("data")
local home = require("home")
local record = require("record")
local undo = require("undo")
local watch = require("watch")

local json = sw.json
local LIVE_MS, AHEAD_MS = 48 * 3600000, 86400000

local function origin_of(rule)
  return { provider = "manual", name = "rule " .. rule, maker = "", model = "", kind = "rule",
    ident = "rule:" .. rule }
end

local function problem_of(args)
  if args.metric and (args.kind or args.attributes) then
    return "record.add takes a metric and its value, or a kind and attributes, not both"
  elseif args.metric and not args.value then
    return "record.add { metric = ... } needs a value"
  elseif not args.metric and not fields.is_record[args.kind or ""] then
    return ("record.add: '%s' is none of workout, sleep, meal, mindful, measurement, note")
      :format(sw.sys.clean(tostring(args.kind)))
  elseif args.start > sw.time.now() + AHEAD_MS then
    return "record.add: that lies in the future"
  elseif args.finish and args.finish < args.start then
    return "record.add: it ends before it begins"
  end
end

-- One transaction: the mark, what may be taken back, and the data. `add(t)` puts the data as third operation.
local function put(ctx, key, steps, add)
  local rule = steps.firing.body.rule
  local t = home.txn(ctx)
  undo.begin(t, "rule", ("what rule %s added"):format(rule))
  t:doc(".derived", key, json.encode { firing = steps.firing.name, rule = rule }, { mode = "new" })
  add(t)
  watch.ask(t)
  t:dispatch(sw.time.now() - LIVE_MS)
  local done, message, code = t:commit()
  if not done and code == "conflict" then
    return "done"
  elseif not done then
    return nil, message, code
  end
  local got = done[3]
  local why = type(got) == "table" and (got.what == "rejected" and got.reason
    or (got.rejected or 0) > 0 and "the value is not plausible")
  if why then
    return nil, why, "bad"
  end
  local ok
  ok, message, code = home.settle(ctx)
  return ok and "done" or nil, message, code
end

local function add_value(ctx, key, args, steps)
  local m, message = data.metric(args.metric)
  local value = m and sw.store.convert(args.value, args.unit or m.unit, m.unit)
  if not value then
    return nil, message or ("'%s' is no unit of %s"):format(sw.sys.clean(args.unit), m.name), "bad"
  elseif value < m.min or value > m.max then
    return nil, ("%g %s of %s is not plausible (%g to %g)"):format(value, m.unit, m.title:lower(), m.min,
      m.max), "bad"
  end
  local t = home.txn(ctx)
  t:origin(origin_of(steps.firing.body.rule))
  local done, why, code = t:commit()
  if not done then
    return nil, why, code
  end
  local length = args.finish and args.finish - args.start or 0
  return put(ctx, key, steps, function(part)
    part:samples(m.name, done[1], { { args.start, length, value, home.offset(ctx, args.start) } })
  end)
end

local function add_record(ctx, key, args, steps)
  local connection, message, code = bulk.connection(ctx)
  if not connection then
    return nil, message, code
  end
  local attributes = args.attributes or {}
  attributes.derived_from = steps.firing.name
  local row = record.row(ctx, { kind = args.kind, external_id = key, start = args.start,
    finish = args.finish or args.start, attributes = attributes }, origin_of(steps.firing.body.rule),
    connection, "manual")
  return put(ctx, key, steps, function(part)
    part:record(row)
  end)
end

local function send(ctx, key, args, steps)
  local problem = problem_of(args)
  if problem then
    return nil, problem, "bad"
  elseif sw.store.doc(ctx.who, ".derived", key) then
    return "done" -- stored before we were stopped
  end
  return (args.metric and add_value or add_record)(ctx, key, args, steps)
end

return { grant = "record:write", keyed = true, send = send }

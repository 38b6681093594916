-- A rule over the past: the events it would have listened to, and the firings they would have caused.
-- Nothing is done: triggers and `when` are pure, actions are only recorded.
--   local events = replay.history(ctx, rule, first_day, last_day)
--   local firings, errors = replay.run(ctx, rule, events)
local fields = require("box.fields")
local data = require("data")
local debounce = require("debounce")
local gates = require("gates")
local home = require("home")
local rules = require("rules")
local triggers = require("triggers")
local watch = require("watch")

local json = sw.json

local replay = {}

local CHUNK = 500 -- events judged at a time

local PLANNED_MOST = 120000 -- every five minutes for a year

local function record_events(ctx, rule, kind, span)
  local views, message, code = data.groups(ctx, kind, { first_day = span.first, last_day = span.last })
  if not views then
    return nil, message, code
  end
  local list = {}
  for _, v in ipairs(views) do
    v.live = "replay"
    local concerns = triggers.concerns(rule, kind .. ".created", v)
    if concerns or span.all then
      list[#list + 1] = { event = v, at = v.finish, kind = kind .. ".created", fits_none = not concerns }
    end
  end
  return list
end

local function planned_events(ctx, rule, first, last)
  local list, at = {}, sw.time.day_start(ctx.zone, first) - 1
  local to = math.min(sw.time.day_start(ctx.zone, last + 1), sw.time.now() + 1)
  while #list < PLANNED_MOST do
    at = rules.next_instant(ctx, rule, at)
    if not at or at >= to then
      return list
    end
    local id = sw.time.iso(at, 0)
    list[#list + 1] = { event = { kind = "schedule", planned = at, at = at, group = id, id = id }, at = at }
  end
  return nil, ("'%s' is planned more than %d times from %s on; ask for a shorter span with --since"):format(
    rule.name, PLANNED_MOST, sw.time.day_text(first)), "limit"
end

-- Every event the rule would have listened to between two days, in order. all: also those that fit none of
-- the triggers of sw.any, marked fits_none.
function replay.history(ctx, rule, first, last, all)
  local events, why, kind_of = planned_events(ctx, rule, first, last)
  if not events then
    return nil, why, kind_of
  end
  for _, kind in ipairs(fields.record_kinds) do
    if rules.listens(rule, kind .. ".created") then
      local list, message, code = record_events(ctx, rule, kind, { first = first, last = last, all = all })
      if not list then
        return nil, message, code
      end
      table.move(list, 1, #list, #events + 1, events)
    end
  end
  local list, message, code = watch.events(ctx, rules.watched(rule), first, last)
  if not list then
    return nil, message, code
  end
  for _, e in ipairs(list) do
    e.event.live = "replay"
    events[#events + 1] = e
  end
  table.sort(events, function(a, b)
    return a.at < b.at or (a.at == b.at and a.event.id < b.event.id)
  end)
  return events
end

local function chunks(events, size)
  local list = {}
  for from = 1, #events, size do
    list[#list + 1] = table.move(events, from, math.min(from + size - 1, #events), 1, {})
  end
  return list
end

-- With debounce only the last of those that come close together fires, when nothing came for so long.
local function calmed(rule, fitting)
  local wait, next_at = debounce.ms(rule), nil
  local list = {}
  for i = #fitting, 1, -1 do
    local f = fitting[i]
    if wait == 0 or not next_at or next_at - f.at >= wait then
      list[#list + 1] = { n = i, e = f.e, out = f.out, at = f.at + wait }
    end
    next_at = f.at
  end
  table.sort(list, function(a, b) return a.n < b.n end)
  return list
end

-- The events for which the rule would fire if there were no others: { { e, out, at } ... }, and errors.
local function judged(ctx, rule, events, show)
  local fitting, errors, carry = {}, {}, {}
  for k, part in ipairs(chunks(events, CHUNK)) do
    if show then
      show((k - 1) * CHUNK, #events)
    end
    local results, message, code = rules.evaluate(ctx, rule, part, "dry", carry)
    if not results then
      return nil, message, code
    end
    for i, r in ipairs(results) do
      if not r.ok then
        errors[#errors + 1] = r.error and (r.error.text or r.error.message) or "stopped"
      elseif r.out.fired then
        fitting[#fitting + 1] = { e = part[i], out = r.out, at = part[i].at }
      end
    end
  end
  return fitting, errors
end

-- Firings that the events would have caused: once a key, cooldown kept, nothing done. `show(done, all)` is
-- told how far it is.
function replay.run(ctx, rule, events, show)
  local fitting, errors, code = judged(ctx, rule, events, show)
  if not fitting then
    return nil, errors, code
  end
  local firings, seen, recent = {}, {}, {}
  for _, f in ipairs(calmed(rule, fitting)) do
    if not seen[f.out.key] and not gates.closed(ctx, rule, recent, f.at) then
      seen[f.out.key] = true
      gates.remember(recent, f.at)
      firings[#firings + 1] = { rule = rule.name, key = f.out.key,
        at = sw.time.iso(f.at, home.offset(ctx, f.at)), at_ms = f.at, event = rules.public_event(f.e.event),
        actions = json.list(f.out.actions or {}), outcome = "would fire" }
    end
  end
  return firings, errors
end

return replay

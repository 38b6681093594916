-- Firings that wait for something to happen (ctx.wait_for): each is a document "wait" beside its firing,
-- which whoever brings events looks through.
--   waiting.problem(ctx, rule, trigger)            --> nil, or why it cannot be waited for
--   waiting.register(t, ctx, name, w)              into the transaction in which the firing begins to wait
--   waiting.wake_by_events(ctx, job, waits, events)   waiting.wake_by_data(ctx, waits)
--   waiting.foresee(ctx, trigger, from, to)        --> the first event of stored data between two instants
local capabilities = require("capabilities")
local data = require("data")
local home = require("home")
local triggers = require("triggers")
local watch = require("watch")

local json = sw.json
local waiting = {}

local ANY_MOST = 20
local BACK_DAYS = 3 -- as far back as a trigger on data looks

local function each(trigger)
  return trigger.kind == "any" and type(trigger.of) == "table" and trigger.of or { trigger }
end

local texts = { event = "event", webhook = "path" } -- of those on data watch_shape.lua knows more

local function is_whole(t)
  return type(t) == "table" and type(t.kind) == "string"
    and (not texts[t.kind] or type(t[texts[t.kind]]) == "string")
end

-- What comes from a worker is looked at: a known trigger on something that its rule may read.
function waiting.problem(ctx, rule, trigger)
  if type(trigger) ~= "table" then
    return "it waits for no trigger"
  elseif #each(trigger) == 0 or #each(trigger) > ANY_MOST then
    return ("it can wait for any of 1 to %d triggers"):format(ANY_MOST)
  end
  for _, t in ipairs(each(trigger)) do
    local why = not is_whole(t) and "it waits for no trigger" or triggers.scheduled(t)
      and "it can wait for events and data; for a time there is ctx.sleep" or triggers.problem(ctx, t)
    if why then
      return why
    end
    local seen = capabilities.shown_by(t)
    if type(seen) == "string" and not capabilities.allows(rule.declaration, "read", seen) then
      return ("this rule does not say that it reads '%s'; add it to: reads = { ... }"):format(seen)
    end
  end
end

-- --- what fits ---

local function wanted_by(trigger, kind)
  if trigger.kind == "webhook" then
    return kind == "webhook." .. tostring(trigger.path)
  end
  return trigger.kind == "event" and trigger.event == kind
end

local function fits(trigger, kind, view)
  return wanted_by(trigger, kind) and triggers.passes(trigger, view)
end

local function any_fits(trigger, kind, view)
  for _, t in ipairs(each(trigger)) do
    if fits(t, kind, view) then
      return true
    end
  end
end

-- Does one of them wait for events of this kind?
function waiting.listens(waits, kind)
  for _, w in ipairs(waits) do
    for _, t in ipairs(each(w.body.trigger)) do
      if wanted_by(t, kind) then
        return true
      end
    end
  end
  return false
end

-- The webhook of this name that one of them waits for.
function waiting.webhook(ctx, name)
  for _, w in ipairs(waiting.all(ctx)) do
    for _, t in ipairs(each(w.body.trigger)) do
      if t.kind == "webhook" and t.path == name then
        return t
      end
    end
  end
end

-- --- beginning to wait ---

-- Triggers on data that hold already are not waited for: their keys, and the days they were told for.
local function known_keys(ctx, trigger)
  local today, keys = home.day(ctx, sw.time.now()), {}
  for _, e in ipairs(watch.events(ctx, each(trigger), today - BACK_DAYS, today) or {}) do
    keys[e.key] = e.event.day
  end
  return keys
end

local function watches(trigger)
  for _, t in ipairs(each(trigger)) do
    if watch.kinds[t.kind] then
      return true
    end
  end
end

-- w: { trigger, n, group, backfill, job, woken }: number of the step, the firing's own real event, the job
-- that brought it and those that woke it (whose events came before, also when a kill repeats them).
function waiting.register(t, ctx, name, w)
  w.seen = watches(w.trigger) and known_keys(ctx, w.trigger) or nil
  t:doc("wait", name, json.encode(w))
  if w.seen then
    watch.ask(t)
  end
end

function waiting.all(ctx)
  return sw.store.docs(ctx.who, "wait", {}) or {}
end

-- --- waking ---

-- The result goes into the steps, and their job is due now; whoever ended the wait before was first.
local function wake(ctx, w, event, at, job)
  local doc = sw.store.doc(ctx.who, "steps", w.name)
  local wait = doc and doc.body.state == "waiting" and doc.body.wait
  if not wait or wait.n ~= w.body.n or wait.event then
    return 0
  end
  wait.event, wait.at = event, at
  doc.body.woken = doc.body.woken or {}
  table.insert(doc.body.woken, job and job.id)
  local t = home.txn(ctx)
  t:doc("steps", w.name, json.encode(doc.body), { revision = doc.revision, at = doc.at })
  t:doc_delete("wait", w.name)
  t:job { kind = "step", name = ("%s@%d"):format(w.name, wait.n), due = at,
    payload = json.encode { firing = w.name, n = wait.n } }
  local done, message, code = t:commit()
  if not done and code ~= "conflict" then
    return nil, message, code
  end
  return done and 1 or 0
end

local function came_before(body, job)
  for _, id in ipairs(body.woken or {}) do
    if id == job.id then
      return true
    end
  end
  return body.job == job.id
end

local function suits(w, job, e)
  local view, body = e.event, w.body
  return not came_before(body, job) and (view.live == "live" or body.backfill)
    and (body.group == nil or view.group ~= body.group) and any_fits(body.trigger, e.kind, view)
end

function waiting.wake_by_events(ctx, job, waits, events)
  local woken = 0
  for _, w in ipairs(waits) do
    for _, e in ipairs(events) do
      if suits(w, job, e) then
        local n, message, code = wake(ctx, w, e.event, e.at, job)
        if not n then
          return nil, message, code
        end
        woken = woken + n
        break
      end
    end
  end
  return woken
end

local function was_seen(e, seen)
  for key, day in pairs(seen) do
    if watch.is_same(e, key, day) then
      return true
    end
  end
end

local function new_event(ctx, w, first, last)
  for _, e in ipairs(watch.events(ctx, each(w.body.trigger), first, last) or {}) do
    if not was_seen(e, w.body.seen or {}) then
      e.event.live = "live"
      return e
    end
  end
end

-- Gives how many were woken, and when time alone may wake another.
function waiting.wake_by_data(ctx, waits)
  local now, woken, soonest = sw.time.now(), 0, nil
  local today = home.day(ctx, now)
  for _, w in ipairs(waits) do
    local e = w.body.seen and new_event(ctx, w, today - BACK_DAYS, today)
    local n, message, code = 0, nil, nil
    if e then
      n, message, code = wake(ctx, w, e.event, now)
    end
    if not n then
      return nil, message, code
    end
    woken = woken + n
    for _, t in ipairs(w.body.seen and each(w.body.trigger) or {}) do
      local ms = watch.kinds[t.kind] and watch.next_instant(ctx, t, now)
      soonest = ms and math.min(soonest or ms, ms) or soonest
    end
  end
  return woken, soonest
end

-- --- the past ---

local function first_of_records(ctx, trigger, from, to, best)
  local kind = trigger.kind == "event" and trigger.event:match("^(%l+)%.created$")
  local views = kind and data.groups(ctx, kind, { from = from - 2 * 86400000, to = to }) or {}
  for _, v in ipairs(views) do
    if v.finish > from and v.finish <= to and (not best or v.finish < best.at)
      and fits(trigger, trigger.event, v) then
      v.live = "replay"
      best = { event = v, at = v.finish }
    end
  end
  return best
end

local function first_of_data(ctx, triggers_of, from, to, best)
  for _, e in ipairs(watch.events(ctx, triggers_of, home.day(ctx, from), home.day(ctx, to)) or {}) do
    if e.at > from and e.at <= to and (not best or e.at < best.at) then
      best = { event = e.event, at = e.at }
    end
  end
  return best
end

function waiting.foresee(ctx, trigger, from, to)
  local best
  for _, t in ipairs(each(trigger)) do
    best = first_of_records(ctx, t, from, to, best)
  end
  return first_of_data(ctx, each(trigger), from, to, best)
end

return waiting

-- Job "watch": triggers on data, after new data came or when time alone may have made one true.
-- One for each person: whatever asks for it while it waits is the same job.
-- payload: none. watch.ask(t) adds it to a transaction that brought data.
local gates = require("gates")
local home = require("home")
local rules = require("rules")
local standing = require("standing")
local triggers = require("triggers")
local waiting = require("waiting")
local watch = require("watch")

local watch_job = {}

local LIVE_MS = 48 * 3600000
local FIRST_DAY = -25000

-- Whether the rule fired for it: under its key, or for the episode as it was known then.
local function has_fired(ctx, rule, e)
  if sw.store.doc(ctx.who, "firing", rule.name .. "|" .. e.key) then
    return true
  end
  local since = e.spans and sw.time.day_start(ctx.zone, e.spans.first)
  local docs = since and sw.store.docs(ctx.who, "firing", { from = since, prefix = rule.name .. "|" }) or {}
  for _, doc in ipairs(docs) do
    if watch.is_same(e, doc.body.key, doc.body.event.day) then
      return true
    end
  end
  return false
end

-- Events that may fire now: what lies further back than two days only where it is asked for, and what is
-- older than the rule allows not at all.
local function fresh(ctx, rule, now)
  local today = home.day(ctx, now)
  local first = rule.declaration.backfill and FIRST_DAY or today - 3
  local list, message, code = watch.events(ctx, triggers.watched(rule), first, today)
  if not list then
    return nil, message, code
  end
  local out = {}
  for _, e in ipairs(list) do
    e.event.live = e.at >= now - LIVE_MS and "live" or "backfill"
    local wanted = e.event.live == "live" or rule.declaration.backfill
    if wanted and not gates.too_old(rule, e.at, now) and not has_fired(ctx, rule, e) then
      out[#out + 1] = e
    end
  end
  return out
end

local function look(ctx, rule, now)
  local list, message, code = fresh(ctx, rule, now)
  if not list then
    return nil, message, code
  end
  local fired
  fired, message, code = rules.apply(ctx, rule, list)
  if not fired then
    return nil, message, code
  end
  local soonest
  for _, trigger in ipairs(triggers.watched(rule)) do
    local next_ms = watch.next_instant(ctx, trigger, now)
    soonest = next_ms and math.min(soonest or next_ms, next_ms) or soonest
  end
  return fired, soonest
end

-- A rule whose trigger cannot be read is named by `rules list`; it does not stop the others.
local function look_at_all(ctx, set, now)
  local fired, soonest = 0, nil
  for _, rule in ipairs(standing.listening(set, "series")) do
    local n, next_ms, code = look(ctx, rule, now)
    if not n and code ~= "bad" then
      return nil, next_ms, code
    elseif n then
      fired, soonest = fired + n, next_ms and math.min(soonest or next_ms, next_ms) or soonest
    end
  end
  return fired, soonest
end

function watch_job.run(ctx, job)
  local set, message, code = standing.rules(ctx)
  if not set then
    return nil, message, code
  end
  local fired, soonest = look_at_all(ctx, set, sw.time.now())
  if not fired then
    return nil, soonest
  end
  local woken, next_ms, kind = waiting.wake_by_data(ctx, waiting.all(ctx))
  if not woken then
    return nil, next_ms, kind
  end
  soonest = next_ms and math.min(soonest or next_ms, next_ms) or soonest
  local t = home.txn(ctx)
  job:finish(t, "done", { fired = fired })
  if soonest then
    t:job { kind = "watch", name = "watch", due = soonest, payload = "{}" }
  end
  local done, why
  done, why, kind = t:commit()
  if not done then
    return nil, why, kind
  end
  return { fired = fired }
end

return watch_job

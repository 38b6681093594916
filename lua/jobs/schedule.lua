-- Job "schedule": a planned instant of a cron, at or every rule; plans the next one when it is done.
-- Missed while off: catch_up = "skip" (default) lets it go, "once" fires the newest, "each" all of them.
-- payload: { planned = ms }, which is what it fires for, also when it is tried again later. What was planned
-- before the rule was edited, or the person moved to another zone, is let go when it is no instant of it any
-- more.
local home = require("home")
local rules = require("rules")
local standing = require("standing")

local schedule = {}

local LATE_MS = 15 * 60000

local function event_of(planned)
  return { kind = "schedule", planned = planned, at = planned, group = sw.time.iso(planned, 0),
    id = sw.time.iso(planned, 0) }
end

-- An earlier instant may have been planned since, in the place of the one that waited.
local function planned_of(job)
  local planned = job.payload.planned
  return math.type(planned) == "integer" and math.min(planned, job.due) or job.due
end

-- The newest planned instant that is not after now. It looks back twice as far each time, so that a
-- rule for every minute that was off for a year is not counted through.
local function newest(ctx, rule, planned, now)
  local back = 60000
  repeat
    back = back * 2
    local from = math.max(planned, now - back)
    local first = rules.next_instant(ctx, rule, from)
    if first and first <= now then
      planned = first
      break
    end
  until from == planned
  while true do
    local next_ms = rules.next_instant(ctx, rule, planned)
    if not next_ms or next_ms > now then
      return planned
    end
    planned = next_ms
  end
end

-- Fires, or says in the outcome why it does not. Gives the instant after which the next one is planned.
local function settle(ctx, rule, planned, outcome)
  local now, catch_up = sw.time.now(), rule.declaration.catch_up or "skip"
  local late = now - planned > LATE_MS
  if rules.next_instant(ctx, rule, planned - 1) ~= planned then
    outcome.skipped = "planned before the rule or the zone was changed"
  elseif late and catch_up == "skip" then
    outcome.skipped = "missed while off"
  else
    planned = late and catch_up == "once" and newest(ctx, rule, planned, now) or planned
    local fired, message, code = rules.apply(ctx, rule, { { event = event_of(planned), at = planned } })
    if not fired then
      return nil, message, code
    end
    outcome.fired = fired
  end
  -- what was planned a moment ago is not missed because something before it was
  return late and catch_up == "skip" and math.max(planned, now - LATE_MS - 1) or planned
end

function schedule.run(ctx, job)
  local set, message, code = standing.rules(ctx)
  if not set then
    return nil, message, code
  end
  local rule, planned = standing.named(set, job.name), planned_of(job)
  local outcome = { planned = sw.time.iso(planned, 0) }
  if not rule or not rule.live then
    outcome.skipped = "the rule is off"
    return outcome
  end
  local after
  after, message, code = settle(ctx, rule, planned, outcome)
  if not after then
    return nil, message, code
  end
  local t, next_ms = home.txn(ctx), rules.next_instant(ctx, rule, after)
  job:finish(t, "done", outcome)
  if next_ms then
    t:job(rules.planned_job(rule, next_ms))
  end
  local done
  done, message, code = t:commit()
  return done and outcome or nil, message, code
end

return schedule

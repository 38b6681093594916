-- Thresholds that last less than a day: glucose over 180 for half an hour, a pulse over 120 for ten minutes,
-- with "0min" a single reading. They look at the samples that the one truth is made of, and only on days that
-- have a value beyond the bound. What began is known by its first instant, to the minute.
--   watch_moments.threshold(ctx, trigger, first_day, last_day) --> list of entries | nil, message, code
--   watch_moments.is_one(trigger)                              --> does it last less than a day?
local home = require("home")
local watch_days = require("watch_days")
local words = require("watch_words")

local watch_moments = {}

local BACK_DAYS = 2
local GAP_MS = 30 * 60000 -- what lies further apart may have been anything in between

function watch_moments.is_one(trigger)
  local s = trigger.kind == "threshold" and trigger.lasting and words.span_s(trigger.lasting)
  return s and s < 86400 or false
end

local function bounds_of(m, trigger)
  local enter, op = words.bound(m, trigger.enter)
  local leave, why
  if enter and trigger.leave then
    leave, why = words.bound(m, trigger.leave)
  end
  if not enter or trigger.leave and not leave then
    return nil, why or op, "bad"
  end
  return { enter = enter, leave = leave or function(v) return not enter(v) end,
    furthest = op:sub(1, 1) == ">" and "max" or "min" }
end

-- The samples of a day by their time, those that were known by now.
local function samples_of(ctx, m, day)
  local steps, message, code = sw.store.explain(ctx.who, ctx.zone, m.name, day)
  if not steps then
    return nil, message, code
  end
  local list, now = {}, sw.time.now()
  for _, s in ipairs(steps) do
    local ends = s.start and s.start + (s.dur or 0)
    if ends and s.share > 0 and not s.stated and ends <= now then
      list[#list + 1] = { at = s.start, ends = ends, value = s.value }
    end
  end
  table.sort(list, function(a, b) return a.at < b.at end)
  return list
end

local function take(run, s)
  run = run or { at = s.at, n = 0, sum = 0, min = s.value, max = s.value }
  run.n, run.sum, run.last, run.ends = run.n + 1, run.sum + s.value, s.value, s.ends
  run.min, run.max = math.min(run.min, s.value), math.max(run.max, s.value)
  return run
end

local function instant(ms)
  return sw.time.iso(ms, 0):sub(1, 16)
end

local function tell(list, ctx, trigger, m, run)
  local what = ("threshold %s from "):format(m.name)
  local row = { day = home.day(ctx, run.ends), value = run.last, n = run.n, min = run.min, max = run.max,
    sum = run.sum, mean = run.sum / run.n, last = run.last }
  local e = watch_days.emit(list, ctx, trigger, m, row, what .. instant(run.at),
    { at = run.ends, from = run.at, to = run.ends, start = run.at, finish = run.ends })
  e.spans = { what = what, first = home.day(ctx, run.at), from = instant(run.at), to = instant(run.ends),
    by_key = true }
  return e
end

-- In once `enter` held for long enough, out when `leave` holds.
local function step(state, s, look)
  if state.inside then
    if look.leave(s.value) then
      state.inside = nil
    else
      state.inside.to = instant(s.ends)
    end
  elseif look.enter(s.value) then
    local near = state.run and s.at - state.run.ends <= math.max(GAP_MS, look.lasting)
    state.run = take(near and state.run or nil, s)
    if state.run.ends - state.run.at >= look.lasting then
      state.inside, state.run = look.told(state.run).spans, nil
    end
  else
    state.run = nil
  end
end

-- A day without a value beyond the bound ends what was; what was under way when we begin to look was told
-- then.
local function look_through(ctx, m, rows, earliest, look)
  local state, before = {}, nil
  for _, row in ipairs(rows) do
    local furthest, samples, message, code = row[look.furthest], {}, nil, nil
    if before ~= row.day - 1 then
      state = row.day == earliest and { inside = {} } or {}
    end
    before = (look.enter(furthest) or not look.leave(furthest)) and row.day or nil
    if before then
      samples, message, code = samples_of(ctx, m, row.day)
    end
    if not samples then
      return nil, message, code
    end
    for _, s in ipairs(samples) do
      step(state, s, look)
    end
  end
  return true
end

function watch_moments.threshold(ctx, trigger, first, last)
  local rows, m, code = watch_days.rows(ctx, trigger.metric, first - BACK_DAYS, last)
  if not rows then
    return nil, m, code
  end
  local look, why, kind = bounds_of(m, trigger)
  if not look then
    return nil, why, kind
  end
  local list = {}
  look.lasting = math.floor(words.span_s(trigger.lasting) * 1000)
  look.told = function(run) return tell(list, ctx, trigger, m, run) end
  local ok, message, how = look_through(ctx, m, rows, first - BACK_DAYS, look)
  return ok and list or nil, message, how
end

return watch_moments

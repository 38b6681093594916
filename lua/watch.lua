-- Triggers on data: thresholds, baselines, absence, streaks, milestones, goals. Each is a pure function of
-- what is stored: the same days give the same events with the same keys, live, at a restart and in a
-- backtest; what fired once is known by its key.
--   watch.events(ctx, trigger, first_day, last_day) --> { { key, at, event } ... } | nil, message, code
--   watch.next_instant(ctx, trigger, after)         --> when time alone makes it true, ms | nil
local data = require("data")
local goal = require("goal")
local home = require("home")
local watch_shape = require("watch_shape")
local words = require("watch_words")

local watch = {}

watch.kinds = { threshold = true, baseline = true, absent = true, streak = true, milestone = true,
  goal = true }

local DAY_MS = 86400000
local GAP_DAYS = 14 -- a sparse metric that did not come for longer than this begins anew

-- --- days ---

local function end_of(ctx, day)
  return math.min(sw.time.day_start(ctx.zone, day + 1) - 1, sw.time.now())
end

local function today_of(ctx)
  return home.day(ctx, sw.time.now())
end

local function rows_of(ctx, name, first, last)
  local m, why, code = data.metric(name)
  if not m then
    return nil, why, code
  end
  local rows, message, kind = data.daily(ctx, m.name, first, last)
  if not rows then
    return nil, message, kind
  end
  return rows, m
end

local function event_of(ctx, trigger, m, row, more)
  local start = sw.time.day_start(ctx.zone, row.day)
  local e = { kind = "series", type = trigger.kind, metric = m and m.name or trigger.records, from = start,
    to = end_of(ctx, row.day), value = row.value, n = row.n, min = row.min, max = row.max, mean = row.mean,
    sum = row.sum, last = row.last, day = sw.time.day_text(row.day), start = start, finish = end_of(ctx,
      row.day) }
  for k, v in pairs(more or {}) do
    e[k] = v
  end
  return e
end

local function emit(list, ctx, trigger, m, row, key, more)
  local e = event_of(ctx, trigger, m, row, more)
  e.id = key
  list[#list + 1] = { key = key, at = more and more.at or end_of(ctx, row.day), event = e, kind = "series" }
  return list[#list]
end

local function spans(e, what, from, to)
  e.spans = { what = what, first = from, from = sw.time.day_text(from), to = sw.time.day_text(to) }
  return e
end

-- Late data may move the day on which an episode began, and its key with it. It is the one that was told
-- before when that was told for one of its days.
--   watch.is_same(e, "threshold weight since 2026-01-03", "2026-01-04")      e: of watch.events
function watch.is_same(e, key, day)
  if e.key == key then
    return true
  end
  return e.spans ~= nil and type(day) == "string" and key:sub(1, #e.spans.what) == e.spans.what
    and day >= e.spans.from and day <= e.spans.to
end

local function within(list, ctx, first, last)
  local out = {}
  for _, e in ipairs(list) do
    local day = home.day(ctx, e.at)
    if day >= first and day <= last then
      out[#out + 1] = e
    end
  end
  table.sort(out, function(a, b)
    return a.at < b.at or a.at == b.at and a.key < b.key
  end)
  return out
end

-- --- episodes: in once `enter` held for long enough, out when `leave` holds ---

-- A day that is not over says nothing of what is too little: it may still become enough.
local function is_final(ctx, m, op, row)
  return row.day < today_of(ctx) or m.kind ~= "cumulative" or op:sub(1, 1) == ">"
end

-- The last row before a day that ends whatever began earlier: nothing further back says more.
local function calm_before(rows, first, enter, leave)
  for i = #rows, 1, -1 do
    if rows[i].day < first and leave(rows[i]) and not enter(rows[i]) then
      return i
    end
  end
  return 1
end

local function episodes(ctx, trigger, m, rows, first, enter, leave, op, lasting)
  local list, began, before, inside = {}, nil, nil, nil
  local what = ("%s %s since "):format(trigger.kind, m.name)
  for i = calm_before(rows, first, enter, leave), #rows do
    local row = rows[i]
    local gap = before and row.day - before or 1
    if gap > (m.sparse and GAP_DAYS or 1) then
      began = nil
    end
    if inside and leave(row) then
      inside, began = nil, nil
    elseif inside then
      inside.spans.to = sw.time.day_text(row.day)
    elseif is_final(ctx, m, op, row) then
      began = enter(row) and (began or row.day) or nil
      if began and row.day - began + 1 >= lasting then
        local e = emit(list, ctx, trigger, m, row, what .. sw.time.day_text(began))
        inside = spans(e, what, began, row.day)
      end
    end
    before = row.day
  end
  return list
end

local function lasting_days(trigger)
  local s = trigger.lasting and words.span_s(trigger.lasting) or 86400
  return math.max(1, math.ceil(s / 86400))
end

local of = {}

function of.threshold(ctx, trigger, first, last)
  local rows, m, code = rows_of(ctx, trigger.metric, first - 400, last)
  if not rows then
    return nil, m, code
  end
  local enter, op = words.bound(m, trigger.enter)
  if not enter then
    return nil, op, "bad"
  end
  local leave, why
  if trigger.leave then
    leave, why = words.bound(m, trigger.leave)
  end
  if why and not leave then
    return nil, why, "bad"
  end
  return episodes(ctx, trigger, m, rows, first, function(row) return enter(row.value) end, function(row)
    if leave then
      return leave(row.value)
    end
    return not enter(row.value)
  end, op, lasting_days(trigger))
end

-- Middle and spread of the days before one; nil while there are too few of them.
local function usual(rows, i, spec)
  local values, day = {}, rows[i].day
  for k = i - 1, 1, -1 do
    if rows[k].day < day - spec.days then
      break
    end
    values[#values + 1] = rows[k].value
  end
  local n = #values
  if n < math.max(3, spec.days // 2) then
    return nil
  end
  local sum, squares = 0, 0
  for _, v in ipairs(values) do
    sum = sum + v
  end
  local mean = sum / n
  for _, v in ipairs(values) do
    squares = squares + (v - mean) ^ 2
  end
  table.sort(values)
  local median = (values[(n + 1) // 2] + values[n // 2 + 1]) / 2
  return spec.middle == "mean" and mean or median, math.sqrt(squares / math.max(1, n - 1))
end

function of.baseline(ctx, trigger, first, last)
  local spec, why = words.baseline(trigger.above or trigger.below or "")
  if not spec then
    return nil, why, "bad"
  end
  local rows, m, code = rows_of(ctx, trigger.metric, first - 400 - spec.days, last)
  if not rows then
    return nil, m, code
  end
  local index = {}
  for i, row in ipairs(rows) do
    index[row] = i
  end
  local function is_out(row)
    if row.out == nil then
      local middle, sd = usual(rows, index[row], spec)
      local far = middle and middle + (spec.relative and math.abs(middle) * spec.k / 100 or sd * spec.k)
      row.out = far ~= nil and (trigger.above and row.value > far or not trigger.above and row.value < far)
    end
    return row.out
  end
  return episodes(ctx, trigger, m, rows, first, is_out, function(row) return not is_out(row) end,
    trigger.above and ">" or "<", lasting_days(trigger))
end

-- The instants of the first and the last sample of a day.
local function instants(ctx, m, day)
  local from = sw.time.day_start(ctx.zone, day)
  local to = math.min(sw.time.day_start(ctx.zone, day + 1) - 1, sw.time.now())
  local b = sw.store.bounds(ctx.who, m.name, from, to)
  return b and b.first or from, b and b.last or from
end

-- Whether an absence lasted until `at`: the day of the next value may have begun before it came.
local function still_absent(ctx, m, next_day, at)
  if not next_day or at < sw.time.day_start(ctx.zone, next_day) then
    return true
  end
  return at < sw.time.day_start(ctx.zone, next_day + 1) and at < (instants(ctx, m, next_day))
end

function of.absent(ctx, trigger, first, last)
  local lasting = (words.span_s(trigger.lasting) or 86400) * 1000 // 1
  local back = lasting // DAY_MS + 2
  local rows, m, code = rows_of(ctx, trigger.metric, first - back, last)
  if not rows then
    return nil, m, code
  end
  local list, now = {}, sw.time.now()
  for i, row in ipairs(rows) do
    local next_day = rows[i + 1] and rows[i + 1].day
    if (next_day or math.huge) > row.day + back - 3 then
      local _, latest = instants(ctx, m, row.day)
      local at = math.tointeger(latest + lasting)
      if at <= now and still_absent(ctx, m, next_day, at) then
        emit(list, ctx, trigger, m, row, ("absent %s since %s"):format(m.name, sw.time.day_text(row.day)),
          { at = at, to = at, finish = at })
      end
    end
  end
  return list
end

-- Days on which something counted: day -> how much.
local function counted(ctx, trigger, first, last)
  local by_day = {}
  if trigger.metric then
    local rows, m, code = rows_of(ctx, trigger.metric, first, last)
    for _, row in ipairs(rows or {}) do
      by_day[row.day] = row.value
    end
    return rows and by_day, m, code
  end
  local views, message, code = data.groups(ctx, trigger.records or "workout", { first_day = first,
    last_day = last })
  for _, v in ipairs(views or {}) do
    if not trigger.sport or v.attributes.sport == trigger.sport then
      local day = home.day(ctx, v.start)
      by_day[day] = (by_day[day] or 0) + 1
    end
  end
  return views and by_day, message, code
end

local bucket = {}
function bucket.day(day) return day end
function bucket.week(day) return (day + 3) // 7 end -- weeks begin on Monday
function bucket.month(day)
  local year, month = sw.time.date(day)
  return year * 12 + month
end

-- Is there a whole bucket between two days that was not reached? What lies before it says nothing more.
local function has_gap(by_day, per, from, to, least)
  local sums = {}
  for day = from, to do
    local b = per(day)
    sums[b] = (sums[b] or 0) + (by_day[day] or 0)
  end
  for b = per(from) + 1, per(to) - 1 do
    if (sums[b] or 0) < least then
      return true
    end
  end
  return false
end

-- Most streaks that end now began lately: further back is looked only where there is no gap so far.
local function counted_since_gap(ctx, trigger, per, first, last)
  local longest, unit = 0, trigger.per == "month" and 31 or trigger.per == "week" and 7 or 1
  for _, n in ipairs(trigger.lengths) do
    longest = math.max(longest, n)
  end
  local by_day, message, code
  for _, back in ipairs { 14 + 4 * unit, longest * unit + 431 } do
    by_day, message, code = counted(ctx, trigger, first - back, last)
    if not by_day or has_gap(by_day, per, first - back, first, trigger.at_least or 1) then
      break
    end
  end
  return by_day, message, code
end

function of.streak(ctx, trigger, first, last)
  local per = bucket[trigger.per or "day"]
  local by_day, message, code = counted_since_gap(ctx, trigger, per, first, last)
  if not by_day then
    return nil, message, code
  end
  local days = {}
  for day in pairs(by_day) do
    days[#days + 1] = day
  end
  table.sort(days)
  return watch.streaks(ctx, trigger, days, by_day, per)
end

-- Buckets that reached `at_least` one after another; each wanted length fires on the day it is reached.
function watch.streaks(ctx, trigger, days, by_day, per)
  local wanted, list, least = {}, {}, trigger.at_least or 1
  for _, n in ipairs(trigger.lengths) do
    wanted[n] = true
  end
  local at, sum, reached, length, began, told = nil, 0, nil, 0, nil, {}
  for _, day in ipairs(days) do
    local b = per(day)
    if b ~= at then
      at, sum = b, 0
    end
    sum = sum + by_day[day]
    if sum >= least and reached ~= b then
      length = reached == b - 1 and length + 1 or 1
      began, told = length == 1 and day or began, length == 1 and {} or told
      reached = b
      for _, e in ipairs(told) do
        e.spans.to = sw.time.day_text(day)
      end
      if wanted[length] then
        local row, what = { day = day, value = length, n = length }, ("streak of %d since "):format(length)
        local e = emit(list, ctx, trigger, nil, row, what .. sw.time.day_text(began),
          { metric = trigger.metric or trigger.records })
        told[#told + 1] = spans(e, what, began, day)
      end
    end
  end
  return list
end

local FIRST_DAY = -25000 -- in 1901: before all data

-- What lies before `first` is only added up: which of the totals was reached there tells nobody anything new.
function of.milestone(ctx, trigger, first, last)
  local rows, m, code = rows_of(ctx, trigger.metric, first, last)
  if not rows then
    return nil, m, code
  end
  local sum, message, kind = sw.store.total(ctx.who, m.name, FIRST_DAY, first - 1)
  if not sum then
    return nil, message, kind
  end
  local totals, list, k = table.move(trigger.totals, 1, #trigger.totals, 1, {}), {}, 1
  table.sort(totals)
  while totals[k] and sum >= totals[k] do
    k = k + 1
  end
  for _, row in ipairs(rows) do
    sum = sum + row.sum
    while totals[k] and sum >= totals[k] do
      emit(list, ctx, trigger, m, row, ("milestone %s %.0f"):format(m.name, totals[k]), { value = totals[k],
        sum = sum })
      k = k + 1
    end
  end
  return list
end

function of.goal(ctx, trigger, first, last)
  local rows, m, code = rows_of(ctx, trigger.metric, first - 1, last)
  if not rows then
    return nil, m, code
  end
  local doc = sw.store.doc(ctx.who, "goal", m.name)
  local list = {}
  for _, row in ipairs(doc and rows or {}) do
    if goal.met(doc.body, m, row.value, row.day < today_of(ctx)) == (trigger.reached ~= false) then
      emit(list, ctx, trigger, m, row, ("goal %s %s"):format(m.name, sw.time.day_text(row.day)))
    end
  end
  return list
end

-- Into a transaction that brought data: whoever watches it looks again, also who is looking just now.
function watch.ask(t)
  t:job { kind = "watch", name = "watch", due = sw.time.now(), payload = "{}", again = true }
end

function watch.events(ctx, trigger, first, last)
  local list, message, code = of[trigger.kind](ctx, trigger, first, last)
  if not list then
    return nil, message, code
  end
  return within(list, ctx, first, last)
end

-- Between enter and leave lies what changes nothing; a leave that holds already when it is entered is none.
local function bounds_problem(m, t)
  local fine, op, at = words.bound(m, t.enter)
  if not fine or not t.leave then
    return not fine and op or nil
  end
  local left, back, to = words.bound(m, t.leave)
  if not left then
    return back
  end
  local is_high = op:sub(1, 1) == ">"
  if is_high == (back:sub(1, 1) == ">") or is_high and to > at or not is_high and to < at then
    return ("sw.threshold: leave = \"%s\" is no way out of enter = \"%s\": write the other sign and a value "
      .. "that is not beyond it, such as enter = \">70\", leave = \"<66\""):format(t.leave, t.enter)
  end
end

-- What a declaration says that only the engine can judge: metrics, bounds, ranges.
function watch.problem(trigger)
  local wrong = watch_shape.problem(trigger)
  if wrong then
    return wrong
  end
  local m, why = data.metric(trigger.metric or "steps")
  if not m then
    return why
  end
  if trigger.kind == "threshold" then
    return bounds_problem(m, trigger)
  elseif trigger.kind == "streak" and not trigger.metric and not trigger.records then
    return "sw.streak counts records = \"workout\" or a metric"
  end
end

-- The newest day of a metric that has a value, looked for further and further back.
local function newest(ctx, metric, today)
  for _, days in ipairs { 31, 400, 4000 } do
    local rows, m = rows_of(ctx, metric, today - days, today)
    if not rows or #rows > 0 then
      return rows and rows[#rows], m
    end
  end
end

-- When time alone may make a trigger true: the end of an absence, the end of a day that was too little, or of
-- one that stayed below a goal that is a most.
function watch.next_instant(ctx, trigger, after)
  local today = home.day(ctx, after)
  if trigger.kind == "absent" then
    local row, m = newest(ctx, trigger.metric, today)
    if not row then
      return nil
    end
    local _, latest = instants(ctx, m, row.day)
    local at = math.tointeger(latest + (words.span_s(trigger.lasting) or 86400) * 1000 // 1)
    return at > after and at or nil
  end
  local low = trigger.kind == "threshold" and trigger.enter:sub(1, 1) == "<"
    or trigger.kind == "goal" or trigger.kind == "baseline" and trigger.below
  return low and sw.time.day_start(ctx.zone, today + 1) + 600000 or nil
end

return watch

-- Triggers that count: streaks, milestones, goals.
--   watch_counts.streak(ctx, trigger, first_day, last_day) --> list of entries | nil, message, code
local data = require("data")
local goal = require("goal")
local watch_days = require("watch_days")

local emit, rows_of, spans = watch_days.emit, watch_days.rows, watch_days.spans
local of = {}

-- The day of a record is its own: where it was, of a sleep that of waking.
local function day_of(view)
  local year, month, day = view.day:match("^(%d+)-(%d+)-(%d+)$")
  return sw.time.day(math.tointeger(year), math.tointeger(month), math.tointeger(day))
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
      local day = day_of(v)
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

-- Buckets that reached `at_least` one after another; each wanted length fires on the day it is reached.
local function streaks(ctx, trigger, days, by_day, per)
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
  return streaks(ctx, trigger, days, by_day, per)
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
    if goal.met(doc.body, m, row.value, row.day < watch_days.today(ctx)) == (trigger.reached ~= false) then
      emit(list, ctx, trigger, m, row, ("goal %s %s"):format(m.name, sw.time.day_text(row.day)))
    end
  end
  return list
end

return of

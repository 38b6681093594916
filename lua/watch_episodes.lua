-- Triggers that last: a threshold with its way out, and days outside of what is usual. In once `enter` holds
-- for long enough, out when `leave` holds.
--   watch_episodes.threshold(ctx, trigger, first_day, last_day) --> list of entries | nil, message, code
local spread = require("box.spread")
local watch_days = require("watch_days")
local words = require("watch_words")

local emit, rows_of, spans = watch_days.emit, watch_days.rows, watch_days.spans
local of = {}

local GAP_DAYS = 14 -- a sparse metric that did not come for longer than this begins anew

-- A day that is not over says nothing of what is too little: it may still become enough. A night is over when
-- it is known.
local function is_final(ctx, m, op, row)
  return op:sub(1, 1) == ">" or m.daily ~= "sum" or m.name:find("^sleep_") ~= nil
    or row.day < watch_days.today(ctx)
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
  local mean, sd = spread(values)
  table.sort(values)
  local median = (values[(n + 1) // 2] + values[n // 2 + 1]) / 2
  return spec.middle == "mean" and mean or median, sd
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
      local far = middle and middle + (spec.relative and math.abs(middle) * spec.k / 100
        or spec.plain and spec.k or sd * spec.k)
      row.out = far ~= nil and (trigger.above and row.value > far or not trigger.above and row.value < far)
    end
    return row.out
  end
  return episodes(ctx, trigger, m, rows, first, is_out, function(row) return not is_out(row) end,
    trigger.above and ">" or "<", lasting_days(trigger))
end

return of

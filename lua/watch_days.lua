-- What triggers on data share: a person's days of a metric, and the events made of them.
--   local rows, m = watch_days.rows(ctx, "weight", first, last)      or nil, message, code
--   watch_days.emit(list, ctx, trigger, m, row, key, more) --> the entry { key, at, event } it put into list
local data = require("data")
local home = require("home")

local watch_days = {}

function watch_days.end_of(ctx, day)
  return math.min(sw.time.day_start(ctx.zone, day + 1) - 1, sw.time.now())
end

function watch_days.today(ctx)
  return home.day(ctx, sw.time.now())
end

function watch_days.rows(ctx, name, first, last)
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
  local finish = watch_days.end_of(ctx, row.day)
  local start = math.min(sw.time.day_start(ctx.zone, row.day), finish)
  local e = { kind = "series", type = trigger.kind, metric = m and m.name or trigger.records,
    from = start, to = finish, start = start, finish = finish, day = sw.time.day_text(row.day),
    value = row.value, n = row.n, min = row.min, max = row.max, mean = row.mean, sum = row.sum,
    last = row.last }
  for k, v in pairs(more or {}) do
    e[k] = v
  end
  return e
end

function watch_days.emit(list, ctx, trigger, m, row, key, more)
  local e = event_of(ctx, trigger, m, row, more)
  e.id = key
  list[#list + 1] = { key = key, at = more and more.at or watch_days.end_of(ctx, row.day), event = e,
    kind = "series" }
  return list[#list]
end

function watch_days.spans(e, what, from, to)
  e.spans = { what = what, first = from, from = sw.time.day_text(from), to = sw.time.day_text(to) }
  return e
end

return watch_days

-- Triggers on data: thresholds, baselines, absence, streaks, milestones, goals. Each is a pure function of
-- what is stored: the same days give the same events with the same keys, live, at a restart and in a
-- backtest; what fired once is known by its key. Those that last are in watch_episodes.lua, for less than a
-- day in watch_moments.lua, those that count in watch_counts.lua, absence is here.
--   watch.events(ctx, triggers, first_day, last_day) --> { { key, at, event } ... } | nil, message, code
--   watch.next_instant(ctx, trigger, after)         --> when time alone makes it true, ms | nil
local data = require("data")
local home = require("home")
local watch_counts = require("watch_counts")
local watch_days = require("watch_days")
local watch_episodes = require("watch_episodes")
local watch_moments = require("watch_moments")
local watch_shape = require("watch_shape")
local words = require("watch_words")

local watch = {}

watch.kinds = { threshold = true, baseline = true, absent = true, streak = true, milestone = true,
  goal = true }

local HOUR_MS, DAY_MS = 3600000, 86400000

-- Late data may move the day on which an episode began, and its key with it. It is the one that was told
-- before when that was told for one of its days.
--   watch.is_same(e, "threshold weight since 2026-01-03", "2026-01-04")      e: of watch.events
-- Of one that lasts less than a day the instant in its key says when it began.
function watch.is_same(e, key, day)
  if e.key == key then
    return true
  elseif not e.spans or key:sub(1, #e.spans.what) ~= e.spans.what then
    return false
  end
  local at = e.spans.by_key and key:sub(#e.spans.what + 1) or day
  return type(at) == "string" and at >= e.spans.from and at <= e.spans.to
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

-- --- absence ---

-- When the first sample of a day began and the last one ended, and the pauses longer than `least` in between,
-- each as its beginning. What has no samples, such as a total or a night, stands for all of its day.
local function instants(ctx, m, day, least)
  local b = sw.store.bounds(ctx.who, m.name, day, sw.time.now() + 1, least)
  if b then
    return b.first, b.last, b.pauses
  end
  return sw.time.day_start(ctx.zone, day), sw.time.day_start(ctx.zone, day + 1), {}
end

-- Whether an absence lasted until `at`: the day of the next value may have begun before it came. No clock is
-- further east than fourteen hours.
local function still_absent(ctx, m, next_day, at)
  return not next_day or at < next_day * DAY_MS - 14 * HOUR_MS or at < (instants(ctx, m, next_day))
end

-- Of a day there is one long absence at most, short ones are told apart by the minute.
local function absence(list, ctx, trigger, m, row, since, at)
  local name = at - since < DAY_MS and sw.time.iso(since, 0) or sw.time.day_text(row.day)
  watch_days.emit(list, ctx, trigger, m, row, ("absent %s since %s"):format(m.name, name), { at = at, to = at,
    finish = at })
end

local function absent(ctx, trigger, first, last)
  local lasting = math.tointeger((words.span_s(trigger.lasting) or 86400) * 1000 // 1)
  local days = lasting // DAY_MS
  local rows, m, code = watch_days.rows(ctx, trigger.metric, first - days - 3, last)
  if not rows then
    return nil, m, code
  end
  local list, now = {}, sw.time.now()
  for i, row in ipairs(rows) do
    local next_day = rows[i + 1] and rows[i + 1].day
    if (next_day or math.huge) >= row.day + days - 1 then -- who flies over the date line has a day less
      local _, latest, pauses = instants(ctx, m, row.day, lasting)
      for _, since in ipairs(pauses) do
        absence(list, ctx, trigger, m, row, since, since + lasting)
      end
      if latest + lasting <= now and still_absent(ctx, m, next_day, latest + lasting) then
        absence(list, ctx, trigger, m, row, latest, latest + lasting)
      end
    end
  end
  return list
end

-- --- all of them ---

local function threshold(ctx, trigger, first, last)
  local look = watch_moments.is_one(trigger) and watch_moments or watch_episodes
  return look.threshold(ctx, trigger, first, last)
end

local of = { threshold = threshold, baseline = watch_episodes.baseline, absent = absent,
  streak = watch_counts.streak, milestone = watch_counts.milestone, goal = watch_counts.goal }

-- Into a transaction that brought data: whoever watches it looks again, also who is looking just now.
function watch.ask(t)
  t:job { kind = "watch", name = "watch", due = sw.time.now(), payload = "{}", again = true }
end

-- The rows of a day that is still to come are of somebody who is ahead of their own zone: they count now.
local function events_of(ctx, trigger, first, last)
  return of[trigger.kind](ctx, trigger, first, last + 1)
end

-- Two triggers of sw.any may be alike but for their figures: the second one's keys say that they are its own.
local function as_nth(list, n)
  for _, e in ipairs(n > 1 and list or {}) do
    e.key = e.key:gsub("^%l+", ("%%0 (%d)"):format(n))
    e.event.id = e.key
    if e.spans then
      e.spans.what = e.spans.what:gsub("^%l+", ("%%0 (%d)"):format(n))
    end
  end
end

-- All that the triggers on data among some ask for, in the order of data time.
function watch.events(ctx, triggers, first, last)
  local all, alike = {}, {}
  for _, t in ipairs(triggers) do
    if watch.kinds[t.kind] then
      local list, message, code = events_of(ctx, t, first, last)
      if not list then
        return nil, message, code
      end
      local name = t.kind == "streak" and t.kind or t.kind .. " " .. data.metric(t.metric).name
      alike[name] = (alike[name] or 0) + 1
      as_nth(list, alike[name])
      table.move(list, 1, #list, #all + 1, all)
    end
  end
  return within(all, ctx, first, last)
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

-- What a declaration says that only the engine can judge: metrics, bounds, ranges. All of it, as sentences.
function watch.problems(trigger)
  local found = watch_shape.problems(trigger)
  local typed = type(trigger.metric) == "string" or trigger.metric == nil
  local m, why = data.metric(typed and trigger.metric or "steps")
  if not m then
    found[#found + 1] = why
  elseif trigger.kind == "threshold" and type(trigger.enter) == "string"
    and (trigger.leave == nil or type(trigger.leave) == "string") then
    found[#found + 1] = bounds_problem(m, trigger)
    found[#found + 1] = #found == 0 and m.kind == "cumulative" and watch_moments.is_one(trigger)
      and ("'lasting' in sw.threshold: %s adds up over a day, so write whole days, such as \"2d\"")
        :format(m.name) or nil
  elseif trigger.kind == "streak" and not trigger.metric and not trigger.records then
    found[#found + 1] = "sw.streak counts records = \"workout\" or a metric"
  end
  return found
end

-- The newest day of a metric that has a value, looked for further and further back.
local function newest(ctx, metric, today)
  for _, days in ipairs { 31, 400, 4000 } do
    local rows, m = watch_days.rows(ctx, metric, today - days, today)
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
    local row, m = newest(ctx, trigger.metric, today + 1)
    if not row then
      return nil
    end
    local lasting = (words.span_s(trigger.lasting) or 86400) * 1000 // 1
    local _, latest = instants(ctx, m, row.day, lasting)
    local at = math.tointeger(latest + lasting)
    return at > after and at or nil
  end
  local low = trigger.kind == "threshold" and trigger.enter:sub(1, 1) == "<"
    and not watch_moments.is_one(trigger)
    or trigger.kind == "goal" or trigger.kind == "baseline" and trigger.below
  return low and sw.time.day_start(ctx.zone, today + 1) + 600000 or nil
end

return watch

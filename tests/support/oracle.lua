-- SPDX-License-Identifier: MIT
-- What the rules of tests/support/histories.lua have to do with a history, told from the design's words by a
-- plain simulation: no store, no box, nothing of the engine.   local effects = oracle.effects(history)
local oracle = {}

local MIN, HOUR, DAY = 60000, 3600000, 86400000
local LIVE = 48 * HOUR

local function clock(ms)
  return os.date("!%m-%d %H:%M", ms // 1000)
end

local function day_of(ms)
  return ms // DAY
end

-- --- time: what is due, in order; while the engine is off it waits and is done late ---

local function new_world(h)
  local w = { now = h.start, on = true, due = {}, seq = 0, records = {}, days = {}, last = {}, fired = {},
    effects = {}, states = {} }

  function w.at(due, f)
    w.seq = w.seq + 1
    w.due[#w.due + 1] = { due = due, seq = w.seq, f = f }
  end

  local function take(limit)
    local best
    for i, e in ipairs(w.due) do
      local first = w.due[best]
      if e.due <= limit and (not best or e.due < first.due or e.due == first.due and e.seq < first.seq) then
        best = i
      end
    end
    return best and table.remove(w.due, best)
  end

  function w.run(limit)
    local e = w.on and take(limit)
    while e do
      w.now = math.max(w.now, e.due)
      e.f(w.now)
      e = take(limit)
    end
    w.now = limit
  end

  return w
end

-- --- effects: a firing has a name, what it said and when that arrived ---

local function fire(w, rule, key, more)
  local name = rule .. "|" .. key
  if w.effects[name] then
    return nil
  end
  local f = more or {}
  f.said, f.rule, f.at = {}, rule, f.at or w.now
  w.effects[name] = f
  w.fired[rule] = w.fired[rule] or {}
  table.insert(w.fired[rule], f)
  return f
end

local function say(w, f, text)
  f.said[#f.said + 1] = ("%s @%s"):format(text, clock(w.now))
end

-- 22:00-07:00: a message waits until these hours are over.
local function after_quiet(ms)
  local hour = ms % DAY // HOUR
  return hour >= 22 and (day_of(ms) + 1) * DAY + 7 * HOUR or hour < 7 and day_of(ms) * DAY + 7 * HOUR or ms
end

local function say_after_quiet(w, f, text)
  w.at(after_quiet(w.now), function() say(w, f, text) end)
end

-- --- rules on events; e: { what = "created" | "updated" | "retracted", r = record, live } ---

local on_workout = {}

function on_workout.long(w, e)
  local r, f = e.r, w.effects["long|" .. e.r.id]
  if e.what == "created" and r.minutes > 60 then
    f = fire(w, "long", r.id)
    say_after_quiet(w, f, "long " .. r.id)
  elseif f and (e.what == "retracted" or e.what == "updated" and r.minutes <= 60) then
    local back = fire(w, "long", r.id .. " retracted")
    if back then
      say_after_quiet(w, back, "sorry " .. r.id)
    end
  end
end

local function running(e)
  return e.what ~= "retracted" and e.live and e.r.sport == "running"
end

function on_workout.fresh(w, e)
  if running(e) and w.now - e.r.finish <= 12 * HOUR then
    local f = fire(w, "fresh", e.r.id)
    if f then
      say(w, f, "fresh " .. e.r.id)
    end
  end
end

function on_workout.other(w, e)
  if e.what ~= "retracted" and e.live and e.r.b then
    local f = fire(w, "other", e.r.id)
    if f then
      say(w, f, "other " .. e.r.id)
    end
  end
end

local function newest(w, rule)
  local list = w.fired[rule] or {}
  return list[#list]
end

function on_workout.cool(w, e)
  local last = newest(w, "cool")
  if e.what == "created" and e.live and not (last and w.now < last.at + DAY) then
    say(w, fire(w, "cool", e.r.id), "cool " .. e.r.id)
  end
end

function on_workout.quota(w, e)
  local n = 0
  for _, f in ipairs(w.fired.quota or {}) do
    n = n + (day_of(f.at) == day_of(w.now) and 1 or 0)
  end
  if e.what == "created" and e.live and n < 2 then
    say(w, fire(w, "quota", e.r.id), "quota " .. e.r.id)
  end
end

-- The newest event that was not told yet, when nothing came for two hours.
function on_workout.calm(w, e)
  if not running(e) or w.effects["calm|" .. e.r.id] then
    return
  end
  local mine = { id = e.r.id }
  w.states.calm = mine
  w.at(w.now + 2 * HOUR, function()
    if w.states.calm == mine then
      w.states.calm = nil
      say(w, fire(w, "calm", mine.id), "calm " .. mine.id)
    end
  end)
end

-- Rules that sleep three hours between two words.
local function nap(w, rule, id, ended)
  local f = fire(w, rule, id)
  say(w, f, "begin " .. id)
  f.sleeps = true
  w.at(w.now + 3 * HOUR, function()
    if f.sleeps then
      f.sleeps = false
      say(w, f, "end " .. id)
      if ended then
        ended()
      end
    end
  end)
  return f
end

function on_workout.single(w, e)
  local last = newest(w, "single")
  if e.what == "created" and e.live and not (last and last.sleeps) then
    nap(w, "single", e.r.id)
  end
end

function on_workout.restart(w, e)
  if e.what == "created" and e.live then
    local last = newest(w, "restart")
    if last and last.sleeps then
      last.sleeps, last.stopped = false, true
    end
    nap(w, "restart", e.r.id)
  end
end

function on_workout.queued(w, e)
  if e.what ~= "created" or not e.live then
    return
  end
  local line = w.states.queued or {}
  w.states.queued = line
  line[#line + 1] = e.r.id
  local function ended()
    table.remove(line, 1)
    if line[1] then
      w.at(w.now, function() nap(w, "queued", line[1], ended) end)
    end
  end
  if #line == 1 then
    nap(w, "queued", e.r.id, ended)
  end
end

-- It counts in ctx.state before its sleep and tells the count after it.
function on_workout.count(w, e)
  if e.what == "created" and e.live then
    w.states.count = (w.states.count or 0) + 1
    local f = fire(w, "count", e.r.id)
    w.at(w.now + 3 * HOUR, function() say(w, f, "count " .. w.states.count) end)
  end
end

function on_workout.night(w, e)
  if e.what == "created" and e.live then
    local f = fire(w, "night", e.r.id)
    f.waits = true
    w.states.waiting = w.states.waiting or {}
    table.insert(w.states.waiting, f)
    w.at(w.now + 10 * HOUR, function()
      if f.waits then
        f.waits = false
        say(w, f, "no night")
      end
    end)
  end
end

local function night_came(w, minutes)
  for _, f in ipairs(w.states.waiting or {}) do
    if f.waits then
      f.waits = false
      w.at(w.now, function() say(w, f, "night of " .. minutes) end)
    end
  end
end

function on_workout.either(w, e)
  if e.what ~= "retracted" and e.live and e.r.sport == "cycling" then
    local f = fire(w, "either", e.r.id)
    if f then
      say(w, f, "either workout")
    end
  end
end

local workout_rules = { "long", "fresh", "other", "cool", "quota", "calm", "single", "restart", "queued",
  "count", "night", "either" }

-- --- rules on data: episodes of days, each told once, whatever is added to its days later ---

local function sorted_days(w, metric)
  local list = {}
  for day, slots in pairs(w.days[metric] or {}) do
    local row = { day = day, sum = 0, n = 0 }
    for hour, value in pairs(slots) do
      row.sum, row.n = row.sum + value, row.n + 1
      if not row.at or hour >= row.at then
        row.at, row.last = hour, value
      end
      row.first = math.min(row.first or hour, hour)
    end
    row.mean = row.sum / row.n
    list[#list + 1] = row
  end
  table.sort(list, function(a, b) return a.day < b.day end)
  return list
end

local function end_of(w, day)
  return math.min((day + 1) * DAY - 1, w.now)
end

-- Days in which `enter` held for `lasting` days until `leave` held: { from, to, told = day }.
local function episodes(rows, o)
  local list, began, inside, before = {}, nil, nil, nil
  for _, row in ipairs(rows) do
    began = (not before or row.day - before <= o.gap) and began or nil
    if inside and o.leave(row) then
      inside, began = nil, nil
    elseif inside then
      inside.to = row.day
    elseif o.enter(row) then
      began = began or row.day
      if row.day - began + 1 >= o.lasting then
        inside = { from = began, to = row.day, told = row.day, row = row }
        list[#list + 1] = inside
      end
    elseif not o.open(row) then
      began = nil
    end
    before = row.day
  end
  return list
end

local function known(w, rule, mark, from, to)
  for _, f in ipairs(w.fired[rule] or {}) do
    if f.mark == mark and f.day >= from and f.day <= to then
      return true
    end
  end
end

local function told(w, rule, ep, text, backfill)
  local at = end_of(w, ep.told)
  if known(w, rule, ep.mark, ep.from, ep.to) or at < w.now - LIVE and not backfill then
    return
  end
  local key = ("%s %d %s"):format(ep.mark or "day", ep.told, tostring(ep.from))
  local f = fire(w, rule, key, { day = ep.told, mark = ep.mark, at = at })
  say(w, f, text)
end

local function threshold(w, rule, metric, o, backfill)
  o.leave = o.leave or function(row) return not o.enter(row) end
  o.open = o.open or function() return false end
  for _, ep in ipairs(episodes(sorted_days(w, metric), o)) do
    ep.mark = o.mark
    told(w, rule, ep, ("%s %s"):format(rule, os.date("!%m-%d", ep.told * 86400)), backfill)
  end
end

local function usual(rows, i)
  local sum, n = 0, 0
  for k = 1, i - 1 do
    if rows[k].day >= rows[i].day - 5 then
      sum, n = sum + rows[k].mean, n + 1
    end
  end
  return n >= 3 and sum / n or nil
end

local looks = {}

function looks.high(w)
  local o = { lasting = 2, gap = 14, enter = function(r) return r.mean > 70 end,
    leave = function(r) return r.mean < 66 end }
  threshold(w, "high", "resting_heart_rate", o, true)
  threshold(w, "high_live", "resting_heart_rate", o, false)
end

function looks.odd(w)
  local rows = sorted_days(w, "resting_heart_rate")
  for i, row in ipairs(rows) do
    local middle = usual(rows, i)
    row.odd = middle ~= nil and row.mean > middle + middle * 0.1
  end
  for _, ep in ipairs(episodes(rows, { lasting = 1, gap = 14, enter = function(r) return r.odd end,
    leave = function(r) return not r.odd end, open = function() return false end })) do
    told(w, "odd", ep, "odd " .. os.date("!%m-%d", ep.told * 86400), true)
  end
end

-- A day that is not over may still become enough.
function looks.low(w)
  local today = day_of(w.now)
  threshold(w, "low", "steps", { lasting = 1, gap = 1, enter = function(r)
    return r.day < today and r.sum < 3000
  end, leave = function(r) return r.sum >= 3000 end, open = function(r) return r.day >= today end }, false)
end

function looks.goal(w)
  for _, row in ipairs(sorted_days(w, "steps")) do
    if row.sum >= 8000 then
      told(w, "goal", { from = row.day, to = row.day, told = row.day }, "goal "
        .. os.date("!%m-%d", row.day * 86400), false)
    end
  end
end

function looks.energy(w)
  local sum, totals = 0, { 2000, 5000 }
  for _, row in ipairs(sorted_days(w, "active_energy")) do
    sum = sum + row.sum
    while totals[1] and sum >= totals[1] do
      local total = table.remove(totals, 1)
      local f = fire(w, "energy", tostring(total), { day = row.day })
      if f then
        say(w, f, "energy " .. total)
      end
    end
  end
end

function looks.weight(w)
  threshold(w, "either", "weight", { lasting = 1, gap = 14, mark = "weight",
    enter = function(r) return r.last > 90 end }, false)
end

-- No weight for three days after one, until now or until the next.
function looks.absent(w)
  local rows = sorted_days(w, "weight")
  for i, row in ipairs(rows) do
    local at = row.day * DAY + row.at * HOUR + 3 * DAY
    local next_one = rows[i + 1] and rows[i + 1].day * DAY + rows[i + 1].first * HOUR
    if at <= w.now and (not next_one or at < next_one) and at >= w.now - LIVE then
      local f = fire(w, "absent", tostring(row.day), { at = at })
      if f then
        say(w, f, "absent since " .. os.date("!%m-%d", row.day * 86400))
      end
    end
  end
end

-- Days in a row with a workout, two and three of them.
function looks.streak(w)
  local days, list, run = {}, {}, nil
  for _, r in pairs(w.records) do
    if r.a or r.b then
      days[day_of(r.start)] = true
    end
  end
  for day in pairs(days) do
    list[#list + 1] = day
  end
  table.sort(list)
  local runs = {}
  for _, day in ipairs(list) do
    if run and day == run.to + 1 then
      run.to = day
    else
      run = { from = day, to = day }
      runs[#runs + 1] = run
    end
  end
  for _, one in ipairs(runs) do
    for _, n in ipairs { 2, 3 } do
      if one.to - one.from + 1 >= n then
        told(w, "streak", { mark = n, from = one.from, to = one.to, told = one.from + n - 1 }, "streak of " .. n,
          true)
      end
    end
  end
end

local function look(w)
  for _, name in ipairs { "high", "odd", "low", "goal", "energy", "weight", "absent", "streak" } do
    looks[name](w)
  end
end

-- --- planned times: what was missed while off by more than a quarter of an hour is caught up or not ---

local function planned(w, rule, first, step, catch_up)
  local function tell(at)
    local f = fire(w, rule, clock(at), { at = at })
    if f then
      say(w, f, rule .. " of " .. clock(at))
    end
  end
  local function due(at)
    w.at(at, function()
      local late = w.now - at > 15 * MIN
      if not late or catch_up == "each" or catch_up == "once" and at + step > w.now then
        tell(at)
      end
      due(at + step)
    end)
  end
  due(first)
end

-- --- a history ---

local function dispatch(w, e)
  w.at(w.now, function()
    local r = e.r
    if e.what == "retracted" or r.a or r.b then
      for _, rule in ipairs(workout_rules) do
        on_workout[rule](w, { what = e.what, r = r, live = e.what == "retracted" or r.finish >= e.live_after })
      end
    end
  end)
end

local apply = {}

function apply.workout(w, op)
  local r = w.records[op.id]
  local side = op.via
  local had = r and r[side]
  local what = r and (r.a or r.b) and "updated" or "created"
  if had and had.minutes == op.minutes and had.sport == op.sport then
    return -- the same again
  end
  r = what == "updated" and r or { id = op.id, start = op.start, finish = op.finish }
  w.records[op.id] = r
  r[side] = { minutes = op.minutes, sport = op.sport }
  r.minutes, r.sport = op.minutes, op.sport
  dispatch(w, { what = what, r = r, live_after = w.now - LIVE })
end

function apply.delete(w, op)
  local r = w.records[op.id]
  if r and r[op.via] then
    r[op.via] = nil
    if not r.a and not r.b then
      dispatch(w, { what = "retracted", r = r })
    end
  end
end

function apply.sleep(w, op)
  local live = op.finish >= w.now - LIVE
  w.at(w.now, function()
    if live then
      night_came(w, op.minutes)
    end
  end)
end

function apply.sample(w, op)
  local days = w.days[op.metric] or {}
  w.days[op.metric] = days
  days[op.day] = days[op.day] or {}
  days[op.day][op.hour] = op.value
  if op.metric == "weight" then
    w.at(math.max(w.now, op.day * DAY + op.hour * HOUR + 3 * DAY), function() look(w) end)
  end
end

function apply.off(w)
  w.on = false
end

function apply.on(w)
  w.on = true
end

local function lines_of(w)
  local list = {}
  for _, f in pairs(w.effects) do
    local said = table.concat(f.said, ", ")
    said = f.rule == "low" and said:gsub("00:0%d$", "00:10") or said -- or by whatever looks before
    list[#list + 1] = ("%s: %s%s"):format(f.rule, said, f.stopped and " (stopped)" or "")
  end
  table.sort(list)
  return list
end

function oracle.effects(h)
  local w = new_world(h)
  local first = (day_of(h.start) + 1) * DAY
  for _, catch_up in ipairs { "skip", "once", "each" } do
    planned(w, "daily_" .. catch_up, first + 7 * HOUR, DAY, catch_up)
  end
  planned(w, "often", first, 6 * HOUR, "each")
  local function nightly(at)
    w.at(at, function()
      look(w)
      nightly(at + DAY)
    end)
  end
  nightly(first + 10 * MIN)
  for _, op in ipairs(h.ops) do
    w.run(op.at)
    apply[op.what](w, op)
    w.at(op.at, function() look(w) end)
    w.run(op.at)
  end
  w.run(h.finish)
  return lines_of(w)
end

return oracle

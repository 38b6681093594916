-- SPDX-License-Identifier: MIT
-- The demo's material: two years of a made-up person in real formats, and their last week, file by file.
-- The week is one that has a long workout and a short night in it, so that each shipped rule has its day.
--   local s = story.make(dir, today, pause);  s.history --> files;  s.week --> { { at = ms, path = ... } ...
-- }
local apple = require("demo.apple")
local damage = require("demo.damage")
local fit = require("demo.fit")
local gpx = require("demo.gpx")
local person = require("demo.person")
local tcx = require("demo.tcx")

local story = {}

local DAYS, WEEK = 730, 7
local HOUR_MS = 3600000

local function save(path, bytes)
  local f = assert(io.open(path, "wb"))
  f:write(bytes)
  f:close()
  return path
end

local function stream(path, write)
  local f = assert(io.open(path, "wb"))
  write(function(text)
    f:write(text)
  end)
  f:close()
  return path
end

local function asleep_s(d)
  local sum = 0
  for _, s in ipairs(d.night and d.night.stages or {}) do
    sum = sum + (s.stage ~= "awake" and s.finish - s.start or 0)
  end
  return sum
end

-- Has the week that ends with the day at `last` both a workout over an hour and a night under six?
local function eventful(plan, last)
  local long, short = false, false
  for i = last - WEEK + 1, last do
    local d = plan.days[i]
    for _, w in ipairs(d.workouts) do
      long = long or (w.finish - w.start > 61 * 60 and w.sport ~= "swimming")
    end
    local s = asleep_s(d)
    short = short or (s > 0 and s < 6 * 3600)
  end
  return long and short
end

-- A person whose last week, ending at day number `last`, is eventful: a few days are tried for many
-- seeds, the whole plan only for those that promise well.
local function find_person(last, zone, pause)
  local plan
  for seed = 1, 400 do
    local few = person.plan { seed = seed, first = sw.time.day_text(last - WEEK - 1), days = WEEK + 2,
      zone = zone }
    if eventful(few, #few.days) then
      plan = person.plan { seed = seed, first = sw.time.day_text(last - DAYS + 1), days = DAYS, zone = zone,
        pause = pause }
      if eventful(plan, DAYS) then
        return plan
      end
    end
  end
  return plan or person.plan { seed = 1, first = sw.time.day_text(last - DAYS + 1), days = DAYS, zone = zone,
    pause = pause }
end

-- The plan without what comes after a day.
local function cut(plan, n)
  local part = { days = table.move(plan.days, 1, n, 1, {}), n_days = n, workouts = {} }
  for _, d in ipairs(part.days) do
    table.move(d.workouts, 1, #d.workouts, #part.workouts + 1, part.workouts)
  end
  return setmetatable(part, { __index = plan })
end

local function write_history(s, pause)
  local plan, dir = s.past, s.dir
  stream(dir .. "/export.xml", function(put)
    apple.write(plan, put, { control_byte = true, workout_heart_s = 60 })
  end)
  pause()
  local n = #plan.workouts
  for i = n - 79, n do
    local w = plan.workouts[i]
    save(("%s/activities/%s-%s.fit"):format(dir, plan.clock and os.date("!%Y%m%d-%H%M", w.start), w.sport),
      fit.activity(plan, w, { every_s = 5, big = i % 5 == 0, compressed = i % 7 == 0 }))
    if i % 4 == 0 then
      stream(("%s/activities/%s-%s.tcx"):format(dir, os.date("!%Y%m%d-%H%M", w.start), w.sport), function(put)
        tcx.write(w, put, { every_s = 10 })
      end)
    end
    if i % 10 == 0 and w.sport ~= "swimming" then
      stream(("%s/activities/%s-%s.gpx"):format(dir, os.date("!%Y%m%d-%H%M", w.start), w.sport), function(put)
        gpx.write(w, put, { every_s = 10 })
      end)
    end
    if i % 8 == 0 then
      pause()
    end
  end
  save(dir .. "/activities/scale.fit", fit.weight(plan, #plan.days - 200, #plan.days))
end

local function write_damage(s)
  local list = damage.all(fit.activity(s.past, s.past.workouts[#s.past.workouts - 90], { every_s = 10 }))
  for _, f in ipairs(list) do
    save(s.dir .. "/damaged/" .. f.name, f.bytes)
  end
  s.damaged = #list
end

-- What arrives in the last week, in the order in which it does: nights in the morning, workouts when done.
local function write_week(s)
  for i = s.last - WEEK + 1, s.last do
    local d = s.plan.days[i]
    local night = fit.sleep(s.plan, d)
    if night then
      s.week[#s.week + 1] = { at = d.night.finish * 1000 + HOUR_MS // 2,
        path = save(("%s/week/%s-night.fit"):format(s.dir, d.iso), night) }
    end
    if d.worn then
      s.week[#s.week + 1] = { at = d.bed * 1000, path = save(("%s/week/%s-day.fit"):format(s.dir, d.iso),
        fit.monitoring(s.plan, d)) }
    end
    for k, w in ipairs(d.workouts) do
      s.week[#s.week + 1] = { at = w.finish * 1000 + HOUR_MS // 6, workout = w,
        path = save(("%s/week/%s-%d-%s.fit"):format(s.dir, d.iso, k, w.sport),
          fit.activity(s.plan, w, { every_s = 5 })) }
    end
  end
  table.sort(s.week, function(a, b)
    return a.at < b.at
  end)
end

-- Files below dir, which exists. today is a day number; pause lets the loop run.
function story.make(dir, today, zone, pause)
  for _, part in ipairs { "activities", "damaged", "week" } do
    assert(sw.fs.mkdir(dir .. "/" .. part))
  end
  local s = { dir = dir, week = {} }
  s.plan = find_person(today - 1, zone, pause)
  s.last = #s.plan.days
  s.past = cut(s.plan, s.last - WEEK)
  write_history(s, pause)
  write_damage(s)
  write_week(s)
  return s
end

return story

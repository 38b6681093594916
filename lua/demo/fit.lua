-- SPDX-License-Identifier: MIT
-- A plan as FIT files: workouts with records, laps and sessions; days of monitoring, nights, a scale.
-- Several files in a row, bytes after bytes, are a valid FIT file too.
--   local bytes = fit.activity(plan, plan.workouts[1], { every_s = 5, big = true, compressed = true })
local fit_file = require("demo.fit_file")
local track = require("demo.track")

local fit = {}

local GARMIN = 1
local DEVICES = {
  running = { product = 3113, serial = 3901234567 }, -- Forerunner 945
  cycling = { product = 3121, serial = 3907654321 }, -- Edge 530
  swimming = { product = 3405, serial = 3905550123 }, -- Swim 2
  scale = { product = 2429, serial = 3900987654 }, -- Index Smart Scale
}
local SPORTS = { running = 1, cycling = 2, swimming = 5 }
local LAP_SWIMMING = 17
local TIMER, SESSION, LAP, ACTIVITY, LENGTH, SLEEP = 0, 8, 9, 26, 28, 74
local START, STOP, STOP_ALL = 0, 1, 4
local FILE_ACTIVITY, FILE_WEIGHT, FILE_MONITORING, FILE_SLEEP = 4, 9, 32, 49
local LEVELS = { awake = 1, light = 2, deep = 3, rem = 4 }

local function whole(x)
  return math.floor(x + 0.5)
end

local function file_id(f, type, device, time)
  f.once(0, { { 0, "enum", type }, { 1, "u16", GARMIN }, { 2, "u16", device.product },
    { 3, "u32z", device.serial }, { 4, "time", time } })
end

local function device_info(f, device, time)
  f.once(23, { { 253, "time", time }, { 0, "u8", 0 }, { 2, "u16", GARMIN }, { 3, "u32z", device.serial },
    { 4, "u16", device.product }, { 5, "u16", 1210 } })
end

local function event(f, time, what, how)
  f.once(21, { { 253, "time", time }, { 0, "enum", what }, { 1, "enum", how } })
end

-- number, base, and the raw value out of a point; what a sport does not measure is left out
local RECORD = {
  { 0, "s32", function(p) return whole(p.lat * 0x80000000 / 180) end, "lat" },
  { 1, "s32", function(p) return whole(p.lon * 0x80000000 / 180) end, "lon" },
  { 2, "u16", function(p) return whole((p.altitude + 500) * 5) end, "altitude" },
  { 3, "u8", function(p) return p.heart_rate end, "heart_rate" },
  { 4, "u8", function(p) return p.cadence end, "cadence" },
  { 5, "u32", function(p) return whole(p.distance * 100) end, "distance" },
  { 6, "u16", function(p) return whole(p.speed * 1000) end, "speed" },
  { 7, "u16", function(p) return p.power end, "power" },
}

local function record_fields(w)
  local sample, list = track.point(w, 0), {}
  for _, field in ipairs(RECORD) do
    if sample[field[4]] then list[#list + 1] = field end
  end
  return list
end

-- A field of a third party, as apps on watches add it.
local function developer_field(f)
  f.once(207, { { 1, "bytes16", "made-up-demo-app" }, { 3, "u8", 0 } })
  f.once(206, { { 0, "u8", 0 }, { 1, "u8", 0 }, { 2, "u8", 0x02 }, { 3, "text", "Effort" },
    { 8, "text", "points" } })
  return { { 0, "u8", 0 } }
end

local function record_writer(f, w, options)
  local fields, columns = record_fields(w), {}
  local extra = options.developer and developer_field(f) or nil
  if not options.compressed then columns[1] = { 253, "time" } end
  for _, field in ipairs(fields) do columns[#columns + 1] = field end
  local write = f.define(0, 20, columns, extra)
  return function(p)
    local values, n = {}, 0
    if not options.compressed then values[1], n = p.time, 1 end
    for i, field in ipairs(fields) do values[n + i] = field[3](p) end
    if extra then values[n + #fields + 1] = p.heart_rate // 2 end
    write(values, options.compressed and p.time or nil)
  end
end

local function records(f, w, options)
  local write = record_writer(f, w, options)
  local resumed = w.pause_s == 0
  event(f, w.start, TIMER, START)
  for _, p in track.points(w, options.every_s or 1) do
    if not resumed and p.timer_s > w.pause_at_s then
      resumed = true
      event(f, w.start + w.pause_at_s, TIMER, STOP)
      event(f, w.start + w.pause_at_s + w.pause_s, TIMER, START)
    end
    write(p)
  end
  event(f, w.finish, TIMER, STOP_ALL)
end

local function laps(f, w, list)
  for _, l in ipairs(list) do
    f.once(19, { { 253, "time", l.finish }, { 254, "u16", l.index }, { 0, "enum", LAP }, { 1, "enum", STOP },
      { 2, "time", l.start }, { 7, "u32", (l.finish - l.start) * 1000 }, { 8, "u32", l.timer_s * 1000 },
      { 9, "u32", whole(l.distance_m * 100) }, { 11, "u16", l.energy_kcal }, { 15, "u8", l.hr_avg },
      { 16, "u8", l.hr_max }, { 25, "enum", SPORTS[w.sport] } })
  end
end

-- Lengths of the pool, each as long as the other to the millisecond.
local function lengths(f, w)
  local function at(i) return w.timer_s * i / w.lengths end
  for i = 0, w.lengths - 1 do
    local ms = whole((at(i + 1) - at(i)) * 1000)
    f.once(101, { { 253, "time", w.start + whole(at(i + 1)) }, { 254, "u16", i }, { 0, "enum", LENGTH },
      { 1, "enum", STOP }, { 2, "time", w.start + whole(at(i)) }, { 3, "u32", ms }, { 4, "u32", ms },
      { 5, "u16", 14 + i % 3 }, { 7, "enum", 0 }, { 12, "enum", 1 } })
  end
end

local function session(f, w, n_laps)
  local fields = { { 253, "time", w.finish }, { 254, "u16", 0 }, { 0, "enum", SESSION }, { 1, "enum", STOP },
    { 2, "time", w.start }, { 5, "enum", SPORTS[w.sport] }, { 6, "enum", w.lengths and LAP_SWIMMING or 0 },
    { 7, "u32", (w.finish - w.start) * 1000 }, { 8, "u32", w.timer_s * 1000 },
    { 9, "u32", whole(w.distance_m * 100) }, { 11, "u16", w.energy_kcal },
    { 14, "u16", whole(w.distance_m / w.timer_s * 1000) }, { 16, "u8", w.hr_avg }, { 17, "u8", w.hr_max },
    { 22, "u16", w.ascent_m }, { 25, "u16", 0 }, { 26, "u16", n_laps } }
  if w.lengths then
    table.move({ { 33, "u16", w.lengths }, { 44, "u16", w.pool_length_m * 100 }, { 47, "u16", w.lengths } },
      1, 3, #fields + 1, fields)
  end
  f.once(18, fields)
end

local function local_time(plan, t)
  return t + plan.clock.offset(t)
end

-- One workout. Options: every_s (1; at most 15 with compressed), big, compressed, developer,
-- no_session (a device that crashed: no laps, no session, no end).
function fit.activity(plan, w, options)
  options = options or {}
  local f, device = fit_file.new(options), DEVICES[w.sport]
  file_id(f, FILE_ACTIVITY, device, w.start)
  device_info(f, device, w.start)
  records(f, w, options)
  if options.no_session then return f.bytes() end
  if w.lengths then lengths(f, w) end
  local list = track.laps(w)
  laps(f, w, list)
  session(f, w, #list)
  f.once(34, { { 253, "time", w.finish }, { 0, "u32", w.timer_s * 1000 }, { 1, "u16", 1 }, { 2, "enum", 0 },
    { 3, "enum", ACTIVITY }, { 4, "enum", STOP }, { 5, "time", local_time(plan, w.finish) } })
  return f.bytes()
end

local WALKING = 6

-- The counter of the day rises during each bout, so intervals are those of the plan.
local function day_steps(f, d)
  local write, total = f.define(0, 55, { { 253, "time" }, { 3, "u32" }, { 5, "enum" } }), 0
  for _, b in ipairs(d.bouts) do
    if b.watch then
      write { b.start, total, WALKING }
      total = total + b.watch
      write { b.finish, total, WALKING }
    end
  end
end

-- A day of the watch, from its first midnight on: steps as a rising counter, and heart rate.
function fit.monitoring(plan, d)
  local f, midnight = fit_file.new(), plan.clock.utc(d.day, 0)
  file_id(f, FILE_MONITORING, DEVICES.running, midnight)
  device_info(f, DEVICES.running, midnight)
  f.once(103, { { 253, "time", midnight }, { 0, "time", local_time(plan, midnight) } })
  day_steps(f, d)
  local write = f.define(1, 55, { { 253, "time" }, { 27, "u8" } })
  for i = 1, #d.heart, 2 do write { d.heart[i], d.heart[i + 1] } end
  if d.resting_hr then f.once(211, { { 253, "time", d.wake }, { 1, "u8", d.resting_hr } }) end
  return f.bytes()
end

-- The night that ends on day d; nil when the watch was not worn.
function fit.sleep(plan, d)
  local stages = d.night and d.night.stages or {}
  if #stages == 0 then return nil end
  local f, start, finish = fit_file.new(), stages[1].start, stages[#stages].finish
  file_id(f, FILE_SLEEP, DEVICES.running, finish)
  device_info(f, DEVICES.running, finish)
  f.once(162, { { 253, "time", finish }, { 3, "time", local_time(plan, finish) } })
  event(f, start, SLEEP, START)
  local write = f.define(0, 275, { { 253, "time" }, { 0, "enum" } })
  for _, s in ipairs(stages) do write { s.start, LEVELS[s.stage] } end
  event(f, finish, SLEEP, STOP)
  return f.bytes()
end

-- All weighings between two days of the plan (positions in plan.days), as the scale would send them.
function fit.weight(plan, from, to)
  local f = fit_file.new()
  file_id(f, FILE_WEIGHT, DEVICES.scale, plan.days[to].bed)
  device_info(f, DEVICES.scale, plan.days[to].bed)
  local write = f.define(0, 30, { { 253, "time" }, { 0, "u16" }, { 1, "u16" } })
  for i = from, to do
    local w = plan.days[i].weight
    if w then write { w.time, whole(w.kg * 100), whole(w.fat_percent * 100) } end
  end
  return f.bytes()
end

return fit

-- SPDX-License-Identifier: MIT
-- A workout second by second: where, how fast, how high, the heart, the legs. All writers of files ask here,
-- so a FIT, a TCX and a GPX file of one workout agree. Curves are closed forms: nothing is kept.
--   for _, p in track.points(w, 5) do print(p.time, p.lat, p.heart_rate) end
local random = require("demo.random")

local track = {}

local DEGREE_M = 111194.93 -- of latitude, on a sphere of 6,371 km
local TURN = 2 * math.pi

-- Metres and m/s after so many seconds on the timer; exact at the end because the wave closes.
function track.distance(w, timer_s)
  local x, k = timer_s / w.timer_s, w.waves
  local phase = TURN * k * x
  local metres = w.distance_m * (x + 0.08 * math.sin(phase) / (TURN * k))
  return metres, w.distance_m / w.timer_s * (1 + 0.08 * math.cos(phase))
end

function track.heart_rate(w, timer_s)
  local rise = timer_s / (timer_s + 70)
  local wave = 4 * math.sin(timer_s / 71 + w.phase) + 2 * math.sin(timer_s / 17)
  local drift = 8 * (timer_s / w.timer_s - 0.5)
  local noise = (random.mix(w.seed, timer_s) >> 62) - 1
  return math.floor(w.hr_rest + (w.hr_target + drift - w.hr_rest) * rise + wave + noise + 0.5)
end

local function place(w, metres)
  local turn = TURN * metres / w.loop_m
  local radius = w.loop_m / TURN
  local lat = w.lat + radius * math.cos(turn) / DEGREE_M
  local lon = w.lon + radius * math.sin(turn) / (DEGREE_M * math.cos(math.rad(w.lat)))
  return lat, lon, w.base_m + w.hill_m * (1 - math.cos(turn)) / 2
end

-- The clock stands still for w.pause_s in the middle.
function track.time(w, timer_s)
  return w.start + timer_s + (timer_s > w.pause_at_s and w.pause_s or 0)
end

function track.point(w, timer_s)
  local metres, speed = track.distance(w, timer_s)
  local p = { time = track.time(w, timer_s), timer_s = timer_s, distance = metres, speed = speed,
    heart_rate = track.heart_rate(w, timer_s) }
  if w.sport == "swimming" then return p end
  p.lat, p.lon, p.altitude = place(w, metres)
  local wave = math.sin(timer_s / 29 + w.phase)
  p.cadence = math.floor((w.sport == "running" and 83 or 86) + 4 * wave + 0.5)
  if w.sport == "cycling" then
    p.power = math.floor(175 * speed * w.timer_s / w.distance_m + 25 * wave + 0.5)
  end
  return p
end

-- Iterates over the points each so many seconds; the last one is always there.
function track.points(w, every_s)
  local i, last = -1, (w.timer_s + every_s - 1) // every_s
  return function()
    i = i + 1
    if i > last then return nil end
    return i, track.point(w, math.min(i * every_s, w.timer_s))
  end
end

-- Whole centimetres, so that laps add up however they are written.
local function cm(metres)
  return math.floor(metres * 100 + 0.5)
end

local function lap(w, from_s, to_s, index)
  local from_m, to_m = track.distance(w, from_s), track.distance(w, to_s)
  local share = function(s) return math.floor(w.energy_kcal * s / w.timer_s + 0.5) end
  local l = { index = index, from_s = from_s, to_s = to_s, timer_s = to_s - from_s, hr_max = 0,
    start = track.time(w, from_s), finish = track.time(w, to_s),
    distance_m = (cm(to_m) - cm(from_m)) / 100, energy_kcal = share(to_s) - share(from_s) }
  local sum, n = 0, 0
  for s = from_s, to_s, 5 do
    local bpm = track.heart_rate(w, s)
    sum, n, l.hr_max = sum + bpm, n + 1, math.max(l.hr_max, bpm)
  end
  l.hr_avg = math.floor(sum / n + 0.5)
  return l
end

-- Laps by distance, to whole seconds; they add up to the workout.
function track.laps(w)
  local metres = w.sport == "running" and 1000 or w.sport == "cycling" and 5000 or 500
  local list, from = {}, 0
  for s = 1, w.timer_s do
    local full = track.distance(w, s) >= (#list + 1) * metres and w.timer_s - s > 30
    if full or s == w.timer_s then
      list[#list + 1] = lap(w, from, s, #list)
      from = s
    end
  end
  return list
end

-- What the records say of the heart: average and maximum over every fifth second.
function track.heart_summary(w)
  local sum, n, top = 0, 0, 0
  for s = 0, w.timer_s, 5 do
    local bpm = track.heart_rate(w, s)
    sum, n, top = sum + bpm, n + 1, math.max(top, bpm)
  end
  return math.floor(sum / n + 0.5), top
end

return track

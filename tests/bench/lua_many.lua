-- G2 as a dispatch job does it: events for the ten rules that listen to them, among all that a home has.   HOME JOBS
local home, jobs = ...
local dispatch = require("jobs.dispatch")
local homes = require("home")

local ctx = assert(homes.open({ home = home, zone = "Europe/Berlin" }, true))
local AT = 1772323200000
local EVENTS = 500

local function events(job)
  local list = {}
  for i = 1, EVENTS do
    list[i] = { event = "workout.created", group = ("g%d.%d"):format(job, i), data = { kind = "workout", day = "2026-03-01",
      start = AT - 5400000, finish = AT, offset_start = 60, offset_finish = 60, provider = "garmin",
      attributes = { sport = "running", elapsed_s = i == 1 and 40000 or 600, distance_m = 15000, hr_avg = 141 } } }
  end
  return list
end

local function run(job)
  local done = assert(dispatch.run(ctx, { payload = { at = AT, live_after = 0, events = events(job) } }))
  return done.fired
end

run(0)
local engine, inside = bench.cpu()
local fired = 0
for job = 1, jobs do
  fired = fired + run(job)
end
local engine_end, inside_end = bench.cpu()
bench.say(('{"check": %d, "cpu_s": %.6f, "inside_s": %.6f}'):format(fired, engine_end - engine + inside_end - inside,
  inside_end - inside))
bench.done()

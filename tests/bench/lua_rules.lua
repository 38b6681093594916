-- G1 as a dispatch job does it: rules.evaluate over batches of 500.   HOME N
local home, n = ...
local rules = require("rules")
local homes = require("home")

local ctx = assert(homes.open({ home = home, zone = "Europe/Berlin" }, true))
local rule = assert(rules.load(ctx))[1]
assert(rule.live, rule.error)
local at = 1772323200000

local function event(i)
  local id = "g" .. i
  return { at = at, event = { id = id, group = id, kind = "workout", day = "2026-03-01", start = at - 5400000, finish = at,
    offset_start = 60, offset_finish = 60, provider = "garmin", live = "live",
    attributes = { sport = "running", elapsed_s = 5400, distance_m = 15000, hr_avg = 141 } } }
end

local function events(from, count)
  local list = {}
  for i = 1, count do
    list[i] = event(from + i)
  end
  return list
end

local function fire(list)
  local fired = 0
  for _, r in ipairs(assert(rules.evaluate(ctx, rule, list, "run"))) do
    fired = fired + (r.ok and not rules.doubt(rule, r.out) and r.out.fired and #r.out.actions or 0)
  end
  return fired
end

fire(events(0, 500))
local engine, inside, fired = 0, 0, 0
for from = 0, n - 1, 500 do
  local list = events(from, math.min(500, n - from)) -- made before the clock, as on the other side
  local engine_from, inside_from = bench.cpu()
  fired = fired + fire(list)
  local engine_to, inside_to = bench.cpu()
  engine, inside = engine + engine_to - engine_from, inside + inside_to - inside_from
end
bench.say(('{"check": %d, "cpu_s": %.6f, "inside_s": %.6f}'):format(fired, engine + inside, inside))
bench.done()

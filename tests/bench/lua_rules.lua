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

local function batch(from, count)
  local list, fired = {}, 0
  for i = 1, count do
    list[i] = event(from + i)
  end
  for _, r in ipairs(assert(rules.evaluate(ctx, rule, list, "run"))) do
    fired = fired + (r.ok and not rules.doubt(rule, r.out) and r.out.fired and #r.out.actions or 0)
  end
  return fired
end

batch(0, 500)
local engine, inside = bench.cpu()
local fired = 0
for from = 0, n - 1, 500 do
  fired = fired + batch(from, math.min(500, n - from))
end
local engine_end, inside_end = bench.cpu()
bench.say(('{"check": %d, "cpu_s": %.6f, "inside_s": %.6f}'):format(fired, engine_end - engine + inside_end - inside,
  inside_end - inside))
bench.done()

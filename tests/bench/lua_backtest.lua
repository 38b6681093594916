-- G16: 20 rules over a year of one-a-minute heart rate and steps, with nights and workouts.   HOME make|run
local home, what = ...
local homes = require("home")
local record = require("record")
local replay = require("replay")
local rules = require("rules")

local DAYS, MIN, DAY = 365, 60000, 86400000
local FIRST = 1735689600000 -- 2025-01-01T00:00:00Z
local ORIGIN = { provider = "watch", name = "watch", maker = "", model = "", kind = "watch", ident = "watch" }

sw.time.set(FIRST + DAYS * DAY - 1)
local ctx = assert(homes.open({ home = home, zone = "UTC" }, true))
ctx.config = {}

local function day_of_samples(t, origin, day)
  local heart, steps = {}, {}
  for i = 0, 1439 do
    local at = FIRST + day * DAY + i * MIN
    heart[i + 1] = { at, 0, 52 + (i * 7 + day * 13) % 60 + (day % 17 == 0 and 10 or 0), 0 }
    steps[i + 1] = { at, MIN, i > 420 and i < 1320 and (i * 3 + day * 5) % 23 or 0, 0 }
  end
  t:samples("heart_rate", origin, heart)
  t:samples("steps", origin, steps)
  t:samples("resting_heart_rate", origin, { { FIRST + day * DAY + 7 * 60 * MIN, 0, 52 + day * 31 % 11 + (day % 29 < 3 and 9 or 0), 0 } })
  if day % 5 > 0 and day % 60 > 9 then
    t:samples("weight", origin, { { FIRST + day * DAY + 8 * 60 * MIN, 0, 82 - day * 0.02 + day % 3, 0 } })
  end
end

local function records_of(t, connection, day)
  local from = FIRST + day * DAY
  t:record(record.row(ctx, { kind = "sleep", external_id = "s" .. day, start = from - 60 * MIN, finish = from + 390 * MIN + day % 50 * MIN,
    attributes = { asleep_s = (400 + day % 50 - day % 9 * 20) * 60 } }, ORIGIN, connection, "watch"))
  if day % 3 > 0 then
    t:record(record.row(ctx, { kind = "workout", external_id = "w" .. day, start = from + 17 * 60 * MIN, finish = from + 18 * 60 * MIN + day % 40 * MIN,
      attributes = { sport = day % 2 == 0 and "running" or "cycling", elapsed_s = (60 + day % 40) * 60, distance_m = 9000 + day % 40 * 100 } },
      ORIGIN, connection, "watch"))
  end
end

local function make()
  local t = homes.txn(ctx)
  t:connection("watch", "main")
  t:origin(ORIGIN)
  t:doc("goal", "steps", sw.json.encode { target = 9000 })
  local done = assert(t:commit())
  for day = 0, DAYS - 1 do
    t = homes.txn(ctx)
    day_of_samples(t, done[2], day)
    records_of(t, done[1], day)
    assert(t:commit())
  end
  assert(homes.settle(ctx))
end

local function all_rules()
  local list = {}
  for _, rule in ipairs(assert(rules.load(ctx))) do
    assert(rule.live, rule.error)
    list[#list + 1] = rule
  end
  return list
end

-- As `rules backtest` does it, from the loading of the rules on; nothing is warm.
local function run()
  local engine, inside = bench.cpu()
  local list, fired, judged = all_rules(), 0, 0
  local first = FIRST // DAY
  for _, rule in ipairs(list) do
    local events = assert(replay.history(ctx, rule, first, first + DAYS - 1))
    local firings, errors = assert(replay.run(ctx, rule, events))
    assert(#errors == 0, errors[1])
    judged, fired = judged + #events, fired + #firings
    if os.getenv("SW_TOLD") then
      local e, i = bench.cpu()
      bench.say(("%s %d of %d, %.3f %.3f"):format(rule.name, #firings, #events, e - engine, i - inside))
    end
  end
  local engine_end, inside_end = bench.cpu()
  bench.say(('{"rules": %d, "events": %d, "fired": %d, "cpu_s": %.6f, "inside_s": %.6f}'):format(#list, judged, fired,
    engine_end - engine + inside_end - inside, inside_end - inside))
end

if what == "make" then
  make()
  bench.say('{"days": 365}')
else
  run()
end
bench.done()

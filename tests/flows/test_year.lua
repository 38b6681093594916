-- SPDX-License-Identifier: MIT
-- A year of a made-up person, lived and then looked back upon: a backtest of all shipped rules says, firing for
-- firing and word for word, what the engine did while the same data came in, each piece when it was over.
-- Rules on what the engine itself does (a backup, a sync, a connection) have no past to be asked about. The one
-- that looks every half hour is lived for a month.
local homes = require("home")
local person = require("demo.person")
local record = require("record")
local replay = require("replay")
local rules = require("rules")
local stepping = require("stepping")
local watch = require("watch")

local ZONE, FIRST, HOUR = "Europe/Berlin", "2025-01-01", 3600000
local LIVE = 48 * HOUR
local OF_ENGINE = { backup_task = true, history_ready = true, reconnect_task = true }

local function sample(list, metric, at, value)
  list[#list + 1] = value and { at = at, metric = metric, value = value } or nil
end

-- What a day of the plan brings: samples and records, each at its end.
local function steps_of(list, d, at)
  local from = sw.time.day_start(ZONE, d.day)
  for _, hour in ipairs { 12, 18, 22 } do
    local to, sum = from + hour * HOUR + 5 * 60000, 0
    for _, b in ipairs(d.bouts) do
      sum = sum + (b.finish * 1000 <= to and b.finish * 1000 > at and b.watch or 0)
    end
    at = to
    sample(list, "steps", to, sum)
    if d.worn then
      sample(list, "heart_rate", to, 60 + sum % 40)
    end
  end
end

local function habits_of(list, d)
  local from, n = sw.time.day_start(ZONE, d.day), d.day
  if n % 3 > 0 then
    sample(list, "caffeine", from + (8 + n % 12) * HOUR, 90)
    sample(list, "medication", from + 9 * HOUR, 1)
  end
  if n % 4 > 0 and n % 50 > 5 then
    sample(list, "blood_glucose", from + 13 * HOUR + (1 + n % 7) * 60000, 70 + n * 37 % 130)
    sample(list, "mood", from + 20 * HOUR, 1 + n % 5)
  end
  if n % 6 == 0 and n % 60 > 12 then
    sample(list, "weight", from + 7 * HOUR + 30 * 60000, 80 - (n - 20089) * 0.01)
  end
end

local function arrivals(plan)
  local list = {}
  for _, d in ipairs(plan.days) do
    local night = d.night
    if night then
      local finish = night.finish * 1000
      list[#list + 1] = { at = finish, kind = "sleep", start = night.start * 1000, id = "n" .. d.iso,
        attributes = { asleep_s = (night.finish - night.start) * (d.day % 9 == 0 and 0.6 or 0.93) // 1 } }
      sample(list, "resting_heart_rate", finish, d.resting_hr)
      sample(list, "hrv_rmssd", finish, d.hrv_sdnn)
      sample(list, "recovery", finish, 30 + d.day * 17 % 70)
    end
    steps_of(list, d, sw.time.day_start(ZONE, d.day))
    habits_of(list, d)
  end
  for i, w in ipairs(plan.workouts) do
    list[#list + 1] = { at = w.finish * 1000, kind = "workout", start = w.start * 1000, id = "w" .. i,
      attributes = { sport = w.sport, elapsed_s = w.finish - w.start, distance_m = w.distance_m } }
  end
  table.sort(list, function(a, b)
    return a.at < b.at or a.at == b.at and (a.metric or a.kind) < (b.metric or b.kind)
  end)
  return list
end

local ORIGIN = { provider = "watch", name = "watch", maker = "", model = "", kind = "watch", ident = "watch" }

local function ready(ctx)
  local t = homes.txn(ctx)
  t:connection("watch", "main")
  t:origin(ORIGIN)
  local done = assert(t:commit())
  return done[1], done[2]
end

local function put(ctx, t, ids, a)
  if a.metric then
    t:samples(a.metric, ids.origin, { { a.at, 0, a.value, homes.offset(ctx, a.at) } })
  else
    t:record(record.row(ctx, { kind = a.kind, external_id = a.id, start = a.start, finish = a.at,
      attributes = a.attributes }, ORIGIN, ids.connection, "watch"))
  end
end

-- What is over at the same instant comes together, and before what is planned for that instant: what a rule
-- reads at seven includes a night that ends at seven.
local function arrive(ctx, ids, list, i)
  local t, at = homes.txn(ctx), list[i].at
  while list[i] and list[i].at == at do
    put(ctx, t, ids, list[i])
    i = i + 1
  end
  watch.ask(t)
  t:dispatch(sw.time.now() - LIVE)
  assert(t:commit())
  return i
end

local function words(actions)
  local list = {}
  for i, a in ipairs(actions or {}) do
    list[i] = ("%s %s %s"):format(a.action, a.args.title or a.args.tag or "", a.args.text or "")
  end
  return table.concat(list, "; ")
end

-- When: to the minute, but to the day where it is a day that fires; live that is when the day's value came.
local function line_of(f)
  local watched = not f.event.planned and f.event.kind == "series" and f.event.type ~= "absent"
  return ("%s %s %s %s"):format(f.rule, f.at:sub(1, watched and 10 or 16), f.key, words(f.actions))
end

local function live_firings(ctx)
  local list = {}
  for _, doc in ipairs(sw.store.docs(ctx.who, "firing", { limit = 1000000 })) do
    list[#list + 1] = line_of(doc.body)
  end
  table.sort(list)
  return list
end

local function past_firings(ctx, all, first, last)
  local list = {}
  for _, rule in ipairs(all) do
    local firings, errors = replay.run(ctx, rule, assert(replay.history(ctx, rule, first, last)))
    expect(errors).equals {}
    for _, f in ipairs(firings) do
      list[#list + 1] = line_of(f)
    end
  end
  table.sort(list)
  return list
end

local function only_in(a, b)
  local have, out = {}, {}
  for _, line in ipairs(b) do
    have[line] = true
  end
  for _, line in ipairs(a) do
    out[#out + 1] = not have[line] and line or nil
  end
  return #out, table.concat(out, "\n", 1, math.min(5, #out))
end

local function install(ctx, names)
  local t = homes.txn(ctx)
  for _, name in ipairs(names) do
    t:doc("rule", name, sw.json.encode { installed = true, enabled = true })
  end
  assert(t:commit())
  local all = {}
  for _, rule in ipairs(assert(rules.load(ctx))) do
    assert(not rule.error, rule.error)
    all[#all + 1] = rule
  end
  return all
end

-- Lives so many days with these rules and looks back: how many firings there were.
local function lived(names, days)
  local dir = sw.fs.temp_dir()
  local ctx = assert(homes.open({ home = dir, zone = ZONE }, true))
  ctx.config = {}
  local plan = person.plan { seed = 3, first = FIRST, days = days, zone = ZONE }
  local first = plan.days[1].day
  local begin = sw.time.day_start(ZONE, first)
  sw.time.set(begin)
  local all, ids = install(ctx, names), {}
  ids.connection, ids.origin = ready(ctx)
  assert(rules.plan(ctx, all, begin - 1))
  local list, i = arrivals(plan), 1
  while list[i] do
    local at = math.max(list[i].at, begin)
    assert(stepping.to(ctx, at - 1, sw.time.now()))
    sw.time.set(at)
    i = arrive(ctx, ids, list, i)
  end
  local last = first + days - 1
  assert(stepping.to(ctx, sw.time.day_start(ZONE, last + 1) - 1, sw.time.now()))
  local live, past = live_firings(ctx), past_firings(ctx, all, first, last)
  local missing, some = only_in(live, past)
  expect(missing == 0 and "" or ("%d only live:\n%s"):format(missing, some)).equals("")
  missing, some = only_in(past, live)
  expect(missing == 0 and "" or ("%d only in the backtest:\n%s"):format(missing, some)).equals("")
  sw.time.set()
  sw.fs.remove_tree(dir)
  return #live, #all
end

describe("a backtest", function()
  it("of a year says what the engine did in that year, for every shipped rule", function()
    local names = {}
    for _, f in ipairs(rules.catalogue()) do
      names[#names + 1] = not OF_ENGINE[f.name] and f.name ~= "glucose_range" and f.name or nil
    end
    local fired, n = lived(names, 365)
    expect(fired > 1000).is_true()
    sw.sys.out(("note %d firings of %d rules in a year\n"):format(fired, n))
  end)

  it("of a month says what a rule did that looks every half hour", function()
    expect(lived({ "glucose_range" }, 30) > 1400).is_true()
  end)
end)

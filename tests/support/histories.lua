-- SPDX-License-Identifier: MIT
-- Random histories of events, and the engine that plays them.
--   local h = histories.make(seed);  local effects, kills = histories.play(h, true)
--   histories.prepare(dir)           histories.go_on(dir, seed)     in a process of its own, which may be killed
-- true kills the engine at random commits and starts it again, repeats what arrives, and sets the clock back
-- while it is off. A killed engine commits nothing any more; what it had leased is free at the next start.
local homes = require("home")
local queue = require("queue")
local record = require("record")
local rules = require("rules")
local stepping = require("stepping")
local steps = require("steps")
local watch = require("watch")

local json = sw.json
local histories = {}

local MIN, HOUR, DAY = 60000, 3600000, 86400000
local START = 1767310200000 -- 2026-01-01T23:30:00Z
local LIVE = 48 * HOUR

local function rule(head, body, more)
  return ([[local sw = require "syncwell"
return sw.rule { title = "T", uses = { "notify" }, %s
  run = function(w, ctx) %s end%s }
]]):format(head, body, more or "")
end

local function on_day(trigger, word, more)
  return rule(("on = %s, %s"):format(trigger, more or ""), ('ctx.notify("%s " .. w.day:sub(6))'):format(word))
end

local function nap(mode, word)
  return rule(('on = sw.event "workout.created", mode = "%s",'):format(mode),
    'ctx.notify("begin " .. w.title) ctx.sleep "3h" ctx.notify("end " .. w.title)', word)
end

local function daily(trigger, name, catch_up)
  return rule(('on = %s, catch_up = "%s",'):format(trigger, catch_up), ([[ctx.notify(("%s of %%02d-%%02d %%02d:%%02d"):format(ctx.now.month,
    ctx.now.day, ctx.now.hour, ctx.now.min))]]):format(name))
end

histories.rules = {
  long = rule([[on = sw.event "workout.created", backfill = true, quiet_hours = "22:00-07:00",
    when = function(w) return w.elapsed > "60min" end,]], 'ctx.notify("long " .. w.title)',
    ', on_retract = function(w, ctx) ctx.notify("sorry " .. w.title) end'),
  fresh = rule('on = sw.event { "workout.created", sport = "running" }, max_age = "12h",', 'ctx.notify("fresh " .. w.title)'),
  other = rule('on = sw.event { "workout.created", provider = "bb" },', 'ctx.notify("other " .. w.title)'),
  cool = rule('on = sw.event "workout.created", cooldown = "1d",', 'ctx.notify("cool " .. w.title)'),
  quota = rule('on = sw.event "workout.created", max_per = "2/day",', 'ctx.notify("quota " .. w.title)'),
  calm = rule('on = sw.event { "workout.created", sport = "running" }, debounce = "2h",', 'ctx.notify("calm " .. w.title)'),
  single = nap "single", restart = nap "restart", queued = nap "queued",
  count = rule('on = sw.event "workout.created",', 'ctx.state.n = (ctx.state.n or 0) + 1 ctx.sleep "3h" ctx.notify("count " .. ctx.state.n)'),
  night = rule('on = sw.event "workout.created",', [[local e = ctx.wait_for("sleep.created", { timeout = "10h" })
    ctx.notify(e and ("night of %.0f"):format(e.asleep_s / 60) or "no night")]]),
  either = rule('on = sw.any { sw.event { "workout.created", sport = "cycling" }, sw.threshold { "weight", enter = ">90" } },',
    'ctx.notify("either " .. (w.kind == "workout" and w.kind or w.day:sub(6)))'),
  high = on_day('sw.threshold { "resting_heart_rate", enter = ">70", leave = "<66", lasting = "2d" }', "high", "backfill = true,"),
  high_live = on_day('sw.threshold { "resting_heart_rate", enter = ">70", leave = "<66", lasting = "2d" }', "high_live"),
  odd = on_day('sw.baseline { "resting_heart_rate", above = "mean5d+10%" }', "odd", "backfill = true,"),
  low = on_day('sw.threshold { "steps", enter = "<3000" }', "low"),
  goal = on_day('sw.goal { "steps" }', "goal"),
  energy = rule('on = sw.milestone { "active_energy", totals = { 2000, 5000 } }, backfill = true,', 'ctx.notify(("energy %.0f"):format(w.value))'),
  absent = on_day('sw.absent { "weight", lasting = "3d" }', "absent since"),
  streak = rule('on = sw.streak { records = "workout", per = "day", lengths = { 2, 3 } }, backfill = true,',
    'ctx.notify("streak of " .. w.n)'),
  daily_skip = daily('sw.at "07:00"', "daily_skip", "skip"), daily_once = daily('sw.at "07:00"', "daily_once", "once"),
  daily_each = daily('sw.cron "0 7 * * *"', "daily_each", "each"), often = daily('sw.every "6h"', "often", "each"),
}

-- --- making one ---

local function random_of(seed)
  local x = seed * 2654435761 % 4294967296 | 1
  return function(n)
    x = x ~ (x << 13) & 0xffffffff
    x = x ~ (x >> 17)
    x = x ~ (x << 5) & 0xffffffff
    return x % n
  end
end

histories.random = random_of

local make = {}

-- A workout of two hours in a slot of its own; how long it says it was is what is corrected later.
function make.workout(w, random)
  local ago = random(4) == 0 and random(5) or 0
  local slot = (w.now // DAY - ago) * DAY + (1 + random(7)) * 3 * HOUR
  if slot + 2 * HOUR > w.now or w.slots[slot] then
    return nil
  end
  w.slots[slot], w.n = true, w.n + 1
  local o = { what = "workout", id = "w" .. w.n, via = "a", start = slot, finish = slot + 2 * HOUR,
    minutes = 20 + random(90), sport = ({ "running", "cycling", "rowing" })[1 + random(3)] }
  w.workouts[#w.workouts + 1] = o
  return o
end

local function like(o, change)
  local copy = {}
  for k, v in pairs(o) do
    copy[k] = v
  end
  for k, v in pairs(change) do
    copy[k] = v
  end
  return copy
end

-- Corrected, known by a second source, or taken back: one that both know is not corrected any more.
function make.change(w, random)
  local o = w.workouts[1 + random(math.max(1, #w.workouts))]
  local what = random(4)
  if not o or o.gone then
    return nil
  elseif what == 0 then
    o.gone = not o.both or o.half
    o.half = true
    return { what = "delete", id = o.id, via = o.both and o.gone and "b" or "a" }
  elseif o.both or o.half then
    return nil
  elseif what == 1 then
    o.both = true
    return like(o, { via = "b" })
  end
  o.minutes = 20 + random(90)
  o.sport = random(3) == 0 and "running" or o.sport
  return like(o, {})
end

function make.sleep(w, random)
  w.n = w.n + 1
  local night = (w.now // DAY - (random(4) == 0 and random(4) or 0)) * DAY
  local finish = night + 5 * HOUR + random(4) * HOUR
  if finish > w.now or w.slots["night" .. night] then
    return nil
  end
  w.slots["night" .. night] = true
  return { what = "sleep", id = "s" .. w.n, finish = finish, minutes = 300 + w.n }
end

local metrics = { { "resting_heart_rate", 58, 20, 1 }, { "resting_heart_rate", 66, 10, 1 }, { "steps", 500, 45, 200 }, { "active_energy", 100, 8, 100 },
  { "weight", 86, 8, 1 } }

function make.sample(w, random)
  local m = metrics[1 + random(#metrics)]
  local at = w.now - (random(3) == 0 and random(6) or 0) * DAY - random(12) * HOUR
  return { what = "sample", metric = m[1], day = at // DAY, hour = at % DAY // HOUR,
    value = m[2] + random(m[3]) * m[4] }
end

function make.power(w)
  w.off = not w.off
  return { what = w.off and "off" or "on" }
end

local kinds = { "workout", "workout", "workout", "change", "change", "sleep", "sample", "sample", "sample", "power" }
local pauses = { 5 * MIN, 25 * MIN, HOUR, 2 * HOUR, 5 * HOUR, 11 * HOUR, 26 * HOUR }

function histories.make(seed)
  local random = random_of(seed)
  local w = { now = START, slots = {}, workouts = {}, n = 0 }
  local h = { seed = seed, start = START, ops = {} }
  for _ = 1, 6 + random(30) do
    w.now = w.now + pauses[1 + random(#pauses)] + random(50) * MIN + 1000 + random(50000)
    local o = make[kinds[1 + random(#kinds)]](w, random)
    if o then
      o.at = w.now
      h.ops[#h.ops + 1] = o
    end
  end
  if w.off then
    w.now = w.now + HOUR
    h.ops[#h.ops + 1] = { what = "on", at = w.now }
  end
  h.finish = w.now + 4 * DAY
  return h
end

-- --- the engine of one history ---

local template

local function new_home(dir)
  local ctx = assert(homes.open({ home = dir, zone = "UTC" }, true))
  ctx.config = {}
  return ctx
end

local function write_rules(dir)
  assert(sw.fs.mkdir(dir .. "/rules/automations"))
  for name, source in pairs(histories.rules) do
    assert(sw.fs.write(("%s/rules/automations/%s.lua"):format(dir, name), source))
  end
end

-- Homes in memory where there is such a place: what is asked here is no question of disks.
local function folder()
  local dir = sw.fs.temp_dir()
  if not sw.fs.stat("/dev/shm") then
    return dir, function() sw.fs.remove_tree(dir) end
  end
  local fast = "/dev/shm/" .. dir:match("[^/]+$")
  assert(sw.fs.mkdir(fast))
  return fast, function()
    sw.fs.remove_tree(fast)
    sw.fs.remove_tree(dir)
  end
end

histories.folder = folder

local engine = {}
engine.__index = engine

-- Commits until the engine dies; which life each transaction belongs to, so that none comes after its end.
local power = { left = nil, dead = false, life = 1, of = setmetatable({}, { __mode = "k" }) }

-- From here on a commit may be the last one; one that the kill overtook is done or not, nobody is told.
local function arm()
  local methods = getmetatable(sw.txn.new(0, "x", "UTC")).__index
  local commit, new = methods.commit, homes.txn
  function homes.txn(ctx)
    local t = new(ctx)
    power.of[t] = power.life
    return t
  end
  function methods.commit(t)
    if power.dead or (power.of[t] or power.life) ~= power.life then
      return nil, "killed", "conflict"
    end
    power.left = power.left and power.left - 1
    if power.left and power.left <= 0 then
      power.dead, power.at = true, sw.time.now()
      if power.half then
        commit(t)
      end
      return nil, "killed", "conflict"
    end
    return commit(t)
  end
end

-- What the dead one had sent to the disk may still arrive meanwhile.
local function free_leases(ctx)
  local done, message
  for _ = 1, 5 do
    local t = homes.txn(ctx)
    for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
      if job.state == "running" then
        t:job_extend(job.id, job.generation or 0, -1, "")
      end
    end
    done, message = t:commit()
    if done then
      return
    end
  end
  error(message)
end

function engine.new(dir, prepared)
  local self = setmetatable({ dir = dir, names = {} }, engine)
  if not prepared then
    write_rules(dir)
  end
  sw.time.set(START)
  self.ctx = new_home(dir)
  if not prepared then
    local t = homes.txn(self.ctx)
    t:doc("goal", "steps", json.encode { target = 8000 })
    assert(t:commit())
  end
  self.on = true
  return self
end

-- As `run` begins: after a kill, leases first.
function engine:start(after)
  package.loaded.standing, package.loaded["jobs.dispatch"], package.loaded["jobs.watch"] = nil, nil, nil
  package.loaded["jobs.debounce"], package.loaded["jobs.schedule"] = nil, nil
  free_leases(self.ctx)
  local all = assert(rules.load(self.ctx))
  for _, r in ipairs(all) do
    assert(not r.error, r.error)
  end
  assert(rules.plan(self.ctx, all, after))
  assert(steps.plan(self.ctx))
end

local function origin(side)
  return { provider = side, name = side, maker = "", model = "", kind = "app", ident = side }
end

function engine:connection(side)
  local t = homes.txn(self.ctx)
  t:connection(side, "main")
  return assert(t:commit())[1]
end

local function put_record(self, t, side, draft)
  t:record(record.row(self.ctx, draft, origin(side), self.connection_of[side], side))
end

local put = {}

function put.workout(self, t, op)
  put_record(self, t, op.via .. op.via, { kind = "workout", external_id = op.id, start = op.start, finish = op.finish,
    attributes = { sport = op.sport, elapsed_s = op.minutes * 60, title = op.id } })
end

function put.sleep(self, t, op)
  put_record(self, t, "aa", { kind = "sleep", external_id = op.id, start = op.finish - op.minutes * 60000 - HOUR,
    finish = op.finish, attributes = { asleep_s = op.minutes * 60 } })
end

function put.delete(self, t, op)
  local side = op.via .. op.via
  local stored = sw.store.records(self.ctx.who, { connection = self.connection_of[side], external = op.id,
    kind = "workout" })
  if stored and stored[1] then
    t:record_delete(stored[1].id, "workout", true)
  end
end

function put.sample(self, t, op)
  t:samples(op.metric, self.scale, { { op.day * DAY + op.hour * HOUR, 0, op.value, 0 } })
end

function engine:prepare()
  self.connection_of = { aa = self:connection("aa"), bb = self:connection("bb") }
  local t = homes.txn(self.ctx)
  t:origin(origin("scale"))
  self.scale = assert(t:commit())[1]
end

-- What arrives, with the number of the op in the same transaction, so that a kill repeats none of them.
function engine:arrive(op, n)
  local t = homes.txn(self.ctx)
  if put[op.what] then
    put[op.what](self, t, op)
    watch.ask(t)
    t:dispatch(sw.time.now() - LIVE)
  end
  if n then
    t:doc("setting", "history", json.encode { done = n })
  end
  return t:commit()
end

-- Until nothing is due at this instant, then from instant to instant.
local function go(self, from, target)
  sw.time.set(from)
  if self.on then
    local done, message = queue.run_due(self.ctx)
    if done then
      done, message = stepping.to(self.ctx, target, from)
    end
    assert(done or power.dead, message)
  end
  sw.time.set(target)
end

-- The engine goes on from one instant to another; where a kill is planned it begins again until it is through.
function engine:run(from, target, random)
  local kills = random and self.on and random(4) or 0
  while true do
    power.dead, power.half = false, random and random(2) == 0
    power.left = kills > 0 and 1 + random(40) or nil
    kills = kills - 1
    go(self, from, target)
    local died = power.dead
    power.dead, power.left, power.life = false, nil, power.life + 1
    if not died then
      return
    end
    self.kills, from = (self.kills or 0) + 1, power.at
    sw.time.set(from)
    self:start(self.stopped or START)
  end
end

-- While it is off the clock may be set back and forth: what is not due is not done.
local function back_and_forth(self, now, random)
  if random(3) == 0 then
    sw.time.set(now - random(90) * MIN)
    self:start(math.min(self.stopped or START, sw.time.now()))
    sw.time.set(now)
  end
end

function engine:step(op, n, target, random)
  sw.time.set(op.at)
  if op.what == "off" then
    self.on, self.stopped = false, op.at
  elseif op.what == "on" then
    if random then
      back_and_forth(self, op.at, random)
    end
    sw.time.set(op.at)
    self.on = true
    self:start(self.stopped or START)
  end
  assert(self:arrive(op, n))
  if random and random(4) == 0 and op.what ~= "delete" then
    assert(self:arrive(op))
  end
  self:run(op.at, target, random)
end

-- --- what came of it ---

local function delivered(dir)
  local at, twice = {}, nil
  for line in (sw.fs.read(dir .. "/notifications.log", 1 << 24) or ""):gmatch("[^\n]+") do
    local when, key = line:match("^%d+%-(%d+%-%d+T%d+:%d+)"), line:match("%[(%x+)%]$")
    twice = twice or at[key] and line
    at[key] = when:gsub("T", " ")
  end
  return at, twice
end

-- A day that was too little is looked at ten minutes after its end, or when the engine starts meanwhile.
local function arrival(name, at)
  return name == "low" and at and at:gsub("00:0%d$", "00:10") or at
end

function engine:effects()
  local at, twice = delivered(self.dir)
  local list = {}
  for _, doc in ipairs(sw.store.docs(self.ctx.who, "firing", { limit = 100000 }) or {}) do
    local f, said = doc.body, {}
    for i, a in ipairs(f.actions or {}) do
      local key = sw.sys.hash(("%s:%s#%d"):format(self.ctx.name, doc.name, i)):sub(1, 32)
      said[i] = ("%s @%s"):format(a.args.text, arrival(f.rule, at[key]) or a.state)
    end
    list[#list + 1] = ("%s: %s%s"):format(f.rule, table.concat(said, ", "), f.state == "stopped" and " (stopped)" or "")
  end
  for _, doc in ipairs(sw.store.docs(self.ctx.who, ".rule_error", {}) or {}) do
    list[#list + 1] = "error: " .. json.encode(doc.body.errors)
  end
  list[#list + 1] = twice and "twice: " .. twice or nil
  table.sort(list)
  return list
end

-- A home with rules, read once, and copied for each history.
local function fresh_home()
  if not template then
    arm()
    local dir, remove = folder()
    local e = engine.new(dir)
    e:prepare()
    e:start(START)
    template = { dir = dir, remove = remove, connection_of = e.connection_of, scale = e.scale }
  end
  return template
end

function histories.prepare(dir)
  assert(os.execute(("cp -r %s/. %s"):format(fresh_home().dir, dir)))
end

local function begin(dir)
  histories.prepare(dir)
  local e = engine.new(dir, true)
  e.connection_of, e.scale = template.connection_of, template.scale
  return e
end

local function at_of(h, i)
  return h.ops[i] and h.ops[i].at or i < 1 and h.start or h.finish
end

-- Effects as sorted lines, and how often the engine was killed.
function histories.play(h, disturbed)
  local dir, remove = folder()
  local e = begin(dir)
  local random = disturbed and random_of(h.seed + 1)
  e:run(h.start, at_of(h, 1), random)
  for i, op in ipairs(h.ops) do
    e:step(op, i, at_of(h, i + 1), random)
  end
  local list = e:effects()
  sw.time.set()
  remove()
  return list, e.kills or 0
end

-- The clock of a process that was killed goes on where it stood.
local function keep_clock(dir, at_least)
  local set, before = sw.time.set, tonumber(sw.fs.read(dir .. "/clock", 100) or "") or 0
  rawset(sw.time, "set", function(ms)
    set(ms)
    assert(sw.fs.write(dir .. "/clock", tostring(ms or 0)))
  end)
  return math.max(at_least, math.tointeger(before))
end

-- Where a killed process stood: everything that arrived is counted in the transaction that brought it.
function histories.go_on(dir, seed)
  local h, e = histories.make(seed), engine.new(dir, true)
  e:prepare()
  local done = homes.setting(e.ctx, "history").done or 0
  for i = 1, done do
    if h.ops[i].what == "off" or h.ops[i].what == "on" then
      e.on, e.stopped = h.ops[i].what == "on", h.ops[i].what == "off" and h.ops[i].at or e.stopped
    end
  end
  local now = keep_clock(dir, at_of(h, done))
  sw.time.set(now)
  if e.on then
    e:start(e.stopped or START)
  end
  e:run(now, at_of(h, done + 1))
  for i = done + 1, #h.ops do
    e:step(h.ops[i], i, at_of(h, i + 1))
  end
end

-- At the end: the home that all were copied from.
function histories.clear()
  if template then
    template.remove()
  end
  template = nil
end

function histories.effects_of(dir)
  local e = engine.new(dir, true)
  local list = e:effects()
  sw.time.set()
  return list
end

return histories

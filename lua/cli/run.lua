-- syncwell run: scheduler and jobs, without a web server. SIGHUP reloads, SIGTERM drains.
--   syncwell run   |   syncwell run --once   |   syncwell run --once --now 2026-03-02T00:00:00Z
local backups = require("backups")
local caretaker = require("caretaker")
local config = require("config")
local ha_link = require("ha_link")
local home = require("home")
local queue = require("queue")
local retention = require("retention")
local right_time = require("right_time")
local rules = require("rules")
local stepping = require("stepping")
local steps = require("steps")
local tally = require("tally")
local term = require("term")

local json = sw.json

local command = {
  group = "run", summary = "run rules and jobs until stopped", usage = "[--once]", mutates = true,
  example = "syncwell run\nsyncwell run --once",
  doc = "--once does all that is due and ends. With --now T it steps through the due instants in "
    .. "order up to T.",
  options = { once = { doc = "do what is due, then end" } },
}

local SAY_MS = 600000
local POLL_MS, SWEEP_MS, DRAIN_MS, DAY_MS = 250, 60000, 10000, 86400000
local LOOK_MS = 5000 -- at the longest between two looks at what is due and at the files of rules

local function reload(ctx)
  local message = config.load(ctx)
  if message then
    sw.sys.log("error", "run", message .. "; the old configuration stays")
  end
  local all, why, code = rules.load(ctx)
  if not all then
    return nil, why, code
  end
  for _, rule in ipairs(all) do
    if rule.broken and rule.enabled then
      sw.sys.log("error", "run", rule.broken:match("^[^\n]*") .. "; the rule goes on as it was before")
    elseif rule.error and rule.enabled then
      sw.sys.log("error", "run", rule.error:match("^[^\n]*") .. "; this rule is off")
    end
  end
  return all
end

local function last_time(ctx)
  local doc = sw.store.doc(0, ".clock", "last") or sw.store.doc(ctx.who, ".clock", "last") -- as homes had it
  return doc and doc.body.last
end

-- The context of each person who has a place in this home; whoever moved since has another zone now.
local function everybody(ctx)
  local list = {}
  for i, p in ipairs(sw.store.people() or {}) do
    list[i] = setmetatable({ who = p.id, name = p.name, zone = p.zone }, { __index = ctx })
    ctx.zone = p.id == ctx.who and p.zone or ctx.zone
  end
  return list
end

local function zones_of(people)
  local list = {}
  for i, person in ipairs(people) do
    list[i] = person.zone
  end
  return table.concat(list, " ")
end

local function flush_tallies(ctx)
  for _, person in ipairs(everybody(ctx)) do
    tally.flush(person)
  end
end

-- The home's, not that of whoever started the engine and may be erased meanwhile.
local function note_time(t)
  t:doc_of_home(".clock", "last", json.encode { last = sw.time.now() })
end

local function remember_time(ctx)
  local t = home.common_txn(ctx)
  note_time(t)
  return t:commit()
end

local function start(ctx)
  local after = math.min(last_time(ctx) or sw.time.now(), sw.time.now())
  for _, person in ipairs(everybody(ctx)) do
    local all, message, code = reload(person)
    ctx.config = person.config -- jobs and whatever runs beside them see a change too
    if all then
      all, message, code = rules.plan(person, all, after)
    end
    if all then
      all, message, code = steps.plan(person)
    end
    if all then
      all, message, code = retention.plan(person)
    end
    if all then
      all, message, code = backups.plan(person)
    end
    if not all then
      return nil, message, code
    end
    caretaker.look(person)
  end
  ha_link.begin(ctx)
  return true
end

local function once(ctx, options)
  queue.reclaim(ctx)
  local ok, message, code = start(ctx)
  if not ok then
    return nil, message, code
  end
  local n
  if options.now then
    n, message, code = stepping.to(ctx, sw.time.now(), last_time(ctx))
  else
    n, message, code = queue.run_due(ctx)
  end
  if not n then
    return nil, message, code
  end
  flush_tallies(ctx)
  ok, message, code = remember_time(ctx)
  if not ok then
    return nil, message, code
  end
  if ctx.json then
    term.line("%s", json.encode { jobs = n })
  elseif not ctx.quiet then
    term.line("%d job%s done", n, n == 1 and "" or "s")
  end
  return 0
end

-- Names and times of the files rules are read from; a change means reload.
local function folder_mark(ctx)
  local parts = {}
  for _, file in ipairs { "/config.lua", "/rules/automations" } do
    local st = sw.fs.stat(ctx.home .. file)
    parts[#parts + 1] = st and st.mtime_ms or 0
  end
  for _, name in ipairs(sw.fs.list(ctx.home .. "/rules/automations") or {}) do
    local st = sw.fs.stat(ctx.home .. "/rules/automations/" .. name)
    parts[#parts + 1] = name .. (st and st.mtime_ms or 0)
  end
  return table.concat(parts, "|")
end

local function wait(ctx, state)
  local due = not queue.is_paused(ctx) and sw.store.next_due()
  local left = due and math.max(0, due - sw.time.now()) or LOOK_MS
  local version = sw.store.wake()
  local slept = 0
  queue.news = false
  while not state.stop and not state.reload and not queue.news and slept < math.min(left, LOOK_MS) do
    sw.sys.sleep(math.min(POLL_MS, math.max(1, math.floor(math.min(left, LOOK_MS) - slept))), true)
    slept = slept + POLL_MS
    if sw.store.wake() ~= version then
      return
    end
  end
  local mark = folder_mark(ctx)
  if state.mark ~= mark then
    state.mark, state.reload = mark, true
  end
end

local function on_signal(state)
  return function(name)
    if name == "HUP" then
      state.reload = true
    elseif state.stop then
      sw.sys.exit_now(1)
    else
      state.stop = true
      sw.sys.log("info", "run", "stopping: finishing what runs")
      sw.spawn(function()
        sw.sys.sleep(DRAIN_MS)
        sw.sys.exit_now(1)
      end)
    end
    sw.sys.wake(name)
  end
end

local function sweep(ctx)
  local t = home.common_txn(ctx)
  t:sweep()
  note_time(t)
  return t:commit()
end

-- What is to be done so long after something, and was reckoned by the clock as it stood then.
local RECKONED = { sync = true, digest = true, prune = true, backup = true }

-- What was tried already, or rests because its channel takes nothing.
local function is_put_off(job)
  return RECKONED[job.kind] or job.attempts > 0 or job.failure ~= ""
end

-- The clock went back: what was planned by the wrong one would wait until it is that late again. True when it
-- did; times that rules name are planned anew by whoever reloads.
local function clock_went_back(ctx, last)
  local now = sw.time.now()
  if not last or last - now <= SWEEP_MS then
    return false
  end
  sw.sys.log("warn", "run", ("the clock went back by %s: what was planned by the wrong time is planned anew")
    :format(term.duration((last - now) / 1000)))
  for _, person in ipairs(everybody(ctx)) do
    local t = home.txn(person)
    for _, job in ipairs(sw.store.jobs(person.who) or {}) do
      if job.state == "ready" and job.due > now and is_put_off(job) then
        t:job { kind = job.kind, name = job.name, due = now, payload = "{}" } -- its own payload stays
      end
    end
    t:commit()
  end
  return true
end

-- What fails again and again is said once, and again after ten minutes.
local function complain(state, message)
  if state.said ~= message or sw.time.mono() - state.said_at > SAY_MS then
    state.said, state.said_at = message, sw.time.mono()
    sw.sys.log("error", "run", message)
  end
end

-- Once a minute: leases, tallies, what the caretaker sees; once a day what is to be forgotten.
local function look_after(ctx, state)
  local now = sw.time.mono()
  if now - state.pruned > DAY_MS then
    state.pruned = now
    for _, person in ipairs(everybody(ctx)) do
      retention.plan(person)
    end
  end
  if now - state.swept > SWEEP_MS then
    state.swept = now
    queue.reclaim(ctx)
    flush_tallies(ctx)
    local people = everybody(ctx)
    for _, person in ipairs(people) do
      caretaker.look(person)
    end
    local zones = zones_of(people)
    state.reload = state.reload or state.zones ~= zones -- what is planned is planned anew
    state.zones = zones
    sweep(ctx)
  end
end

-- The file that is open does not lie at its place any more: the home was moved, or another laid there. Rules
-- are read by their path: none would be found, and events would be lost on them.
local function is_moved(ctx, state)
  local st, _, code = sw.fs.stat(ctx.home .. "/syncwell.db")
  if st and st.inode == state.inode or not st and code ~= "notfound" then
    return false
  end
  state.stop, state.moved = true, true
  return true
end

local function turn(ctx, state)
  if is_moved(ctx, state) then
    return
  end
  state.reload = clock_went_back(ctx, state.latest) or state.reload
  state.latest = sw.time.now()
  if state.reload then
    state.reload = false
    sw.sys.log("info", "run", "reloading configuration and rules")
    start(ctx)
  end
  -- Rules that change, the clock and leases do not wait until all that is due is done.
  local till = sw.time.mono() + LOOK_MS
  local n, message = queue.run_due(ctx, function()
    return state.stop or state.reload or sw.time.mono() > till or is_moved(ctx, state)
  end)
  if not n then
    complain(state, message)
    sw.sys.sleep(1000, true)
  end
  look_after(ctx, state)
  wait(ctx, state)
end

-- A disk without room is for whoever started it to try again.
local function begin(ctx, ready)
  clock_went_back(ctx, last_time(ctx))
  local ok, message, code = sweep(ctx)
  if ok then
    queue.reclaim(ctx)
    ok, message, code = start(ctx)
  end
  if ok and ready then
    ok, message, code = ready()
  end
  return ok, message, code
end

-- Scheduler and jobs until stopped; `ready` (may be nil) is called once they run.
function command.forever(ctx, ready)
  ctx.daemon = "forever"
  local state = { mark = folder_mark(ctx), swept = sw.time.mono(), pruned = sw.time.mono(),
    zones = zones_of(everybody(ctx)), inode = (sw.fs.stat(ctx.home .. "/syncwell.db") or {}).inode }
  sw.sys.on_signal(on_signal(state))
  right_time.wait(function() return state.stop end)
  if not state.stop then
    local ok, message, code = begin(ctx, ready)
    if not ok then
      return nil, message, code
    end
    sw.sys.log("info", "run", "running; home " .. ctx.home)
    while not state.stop do
      turn(ctx, state)
    end
    flush_tallies(ctx)
    remember_time(ctx)
    if state.moved then
      sw.sys.log("error", "run", ("the home was moved away from %s, or another was laid there: start this "
        .. "again where the home lies now"):format(ctx.home))
    end
    sw.sys.log("info", "run", "stopped")
  end
  sw.sys.exit_now(state.moved and 1 or 0)
  return 0
end

function command.run(ctx, _, options)
  ctx.daemon = true
  if options.once then
    return once(ctx, options)
  elseif options.now then
    return nil, "--now goes with --once: time stands still there", "usage"
  end
  return command.forever(ctx)
end

return command

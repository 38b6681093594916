-- Running jobs: claim, do, finish or retry. A job kind is lua/jobs/<kind>.lua with run(ctx, job).
--   queue.run_now(ctx, spec)       add a job, claim exactly that one and run it here
--   queue.run_due(ctx)            run everything that is due, give how many
-- run(ctx, job) returns a table (the outcome; job:finish was not called), or nil, message, code to retry.
local home = require("home")
local process = require("process")

local json = sw.json
local queue = {}

local LEASE_MS, BEAT_MS = 30000, 10000
local TRIES = 6
local CLAIM, OVER_MOST = 30, 1000 -- at a time: their ends share a commit with the next claim
-- What goes outside waits for outages of days, what serves rules as long for a box that cannot be started; it
-- is soon there once it can.
local MORE_TRIES = { action = 200, deliver = 200, detail = 60, request = 40, step = 2000, dispatch = 2000,
  schedule = 2000, watch = 2000, debounce = 2000, digest = 2000 }
local LONGEST_S, INSIDE_S, MISTAKES = 3600, 300, 40 -- an error of ours is none that waiting mends
local INSIDE = { step = true, dispatch = true, schedule = true, watch = true, debounce = true, digest = true }
-- Jobs that wait for services run beside the others, so that a slow one holds nothing up;
-- messages that leave the machine are counted for themselves: no sync takes their place.
local BESIDE = { sync = "ask", ingest = "ask", deliver = "ask", detail = "ask", request = "ask" }
local MOST_BESIDE = 8

local TOLD = { import = true, ingest = true, deliver = true, detail = true, backup = true }

local beside = { ask = 0, send = 0 } -- how many run so now

local function row_of(job)
  return BESIDE[job.kind] or job.payload.beside and "send" or nil
end

-- Who we are, so that a lease of a process that died is recognised on this machine.
local me = { pid = sw.sys.pid(), started = process.started(sw.sys.pid()) }

function queue.progress(text, extra)
  local p = { pid = me.pid, started = me.started, text = text }
  for k, v in pairs(extra or {}) do
    p[k] = v
  end
  return json.encode(p)
end

local function owner_is_dead(job)
  local p = job.progress ~= "" and json.decode(job.progress) or nil
  return p and p.pid and process.started(p.pid) ~= p.started
end

-- Give free what processes of this machine that no longer live had leased.
function queue.reclaim(ctx)
  local any
  local t = home.txn(ctx)
  for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    if job.state == "running" and owner_is_dead(job) then
      t:job_extend(job.id, job.generation or 0, -1, "")
      any = true
    end
  end
  return not any or t:commit()
end

local function backoff_ms(job)
  local base = math.min(INSIDE[job.kind] and INSIDE_S or LONGEST_S, 2 ^ job.attempts) * 1000
  return math.floor(base * (0.5 + tonumber("0x" .. sw.sys.random(2)) / 65536))
end

local job_methods = {}
job_methods.__index = job_methods

-- Add to a transaction: the lease must still be ours and lives on.
function job_methods:keep(t, text, extra)
  self.doing = text
  t:job_extend(self.id, self.generation, LEASE_MS, queue.progress(text or "", extra))
end

function job_methods:finish(t, outcome, body)
  t:job_done(self.id, self.generation, outcome, json.encode(body or {}))
  self.finished = true
end

-- What rules can hear of jobs that were given up; of those that serve rules themselves they hear nothing.
local function tell_rules(t, job, message)
  if TOLD[job.kind] then
    t:event(json.encode { event = "job.failed", group = ("job %d"):format(job.id), data = { kind = "job",
      job = job.kind, name = job.name, error = message } })
    t:dispatch(0)
  end
end

local SAY_MS, SAID_MOST = 600000, 200
local said, said_n = {}, 0 -- kind and reason -> when it was logged, on the monotonic clock

-- What waits for one cause says it once in a while, not each job for itself.
local function is_news(job, message, final)
  local about, now = job.kind .. " " .. (message or ""), sw.time.mono()
  if not final and said[about] and now - said[about] < SAY_MS then
    return false
  elseif said_n >= SAID_MOST then
    said, said_n = {}, 0
  end
  said[about], said_n = now, said_n + (said[about] and 0 or 1)
  return true
end

local function most_tries(job)
  return MORE_TRIES[job.kind] or TRIES
end

-- due: when it is worth trying again, where whoever did it knows
local function give_back(ctx, job, message, code, due)
  local t = home.txn(ctx)
  if code == "rests" then -- it was not tried
    t:job_rest(job.id, job.generation, due, message)
    return t:commit()
  end
  local most, now = most_tries(job), sw.time.now()
  local final = job.attempts >= (code == "internal" and math.min(most, MISTAKES) or most) or code == "bad"
    or code == "limit"
  t:job_retry(job.id, job.generation, final and -now or due or now + backoff_ms(job), message or "failed")
  if final then
    tell_rules(t, job, message)
  end
  local done, _, why = t:commit()
  if not done and why == "notfound" then
    return -- whose job it was is erased: nothing is tried again
  end
  -- beside a command the person is told by the command itself
  local level = not ctx.daemon and "debug" or final and "error" or "warn"
  if is_news(job, message, final) then
    sw.sys.log(level, "jobs", ("%s %s: %s%s"):format(job.kind, job.name, message or "failed", final
      and " (given up)" or " (tried again)"))
  end
end

-- The lease lives on while the job runs, however long one step of it takes.
local function keep_alive(ctx, job)
  return sw.sys.every(BEAT_MS, function()
    local t = home.txn(ctx)
    t:job_extend(job.id, job.generation, LEASE_MS, queue.progress(job.doing or ""))
    t:commit()
  end)
end

-- A claim takes what is due for anybody; each job is done as the person it belongs to. Where that one was
-- erased since, what the job writes is refused.
local function owner_of(ctx, job)
  if job.person == ctx.who then
    return ctx
  end
  for _, p in ipairs(sw.store.people() or {}) do
    if p.id == job.person then
      return setmetatable({ who = p.id, name = p.name, zone = p.zone }, { __index = ctx })
    end
  end
  return setmetatable({ who = job.person }, { __index = ctx })
end

-- Still ours? A claimed job that waited for its turn may have been taken over.
local function renew(ctx, job)
  local t = home.txn(ctx)
  t:job_extend(job.id, job.generation, LEASE_MS, queue.progress("started"))
  return t:commit()
end

-- ctx.instead: a simulation tells what it does not do (lua/simulation.lua).
local function perform(ctx, job)
  local told, message, code = nil, nil, nil
  if ctx.instead then
    told, message, code = ctx.instead(ctx, job)
  end
  if told or message then
    return told, message, code
  end
  job.is_last = job.attempts >= most_tries(job)
  return require("jobs." .. job.kind).run(ctx, job)
end

-- The row of a job that leaves its end to us goes while the next one runs, so that commits are shared.
-- Whatever asks the writer later comes after it.
local function close_beside(t)
  sw.spawn(function()
    t:commit() -- fails when the lease was lost: whoever took it ends the job
  end)
end

local function run(anyone, job, many)
  local ctx = owner_of(anyone, job)
  setmetatable(job, job_methods)
  local beat = keep_alive(ctx, job)
  local ok, outcome, message, code, due = pcall(perform, ctx, job)
  beat:stop()
  if not ok then
    message, outcome, code = tostring(outcome), nil, "internal"
  end
  if outcome == nil then
    if code ~= "conflict" then
      give_back(ctx, job, message, code, due)
    end
    return nil, message, code
  end
  if not job.finished then
    local t = home.txn(ctx)
    job:finish(t, "done", outcome)
    if many then
      close_beside(t)
      return outcome
    end
    local done, why, kind = t:commit()
    if not done then
      return nil, why, kind
    end
  end
  return outcome
end

function queue.claim(ctx, spec)
  local t = home.common_txn(ctx)
  spec.lease, spec.owner = LEASE_MS, queue.progress("started")
  t:claim(spec)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return done[1]
end

-- What a job that another process finished left behind: the newest run of its kind and name.
local function outcome_of(ctx, spec)
  for _, r in ipairs(sw.store.runs(ctx.who, 200) or {}) do
    if r.kind == spec.kind and r.name == spec.name then
      return json.decode(r.body) or {}
    end
  end
  return {}
end

local function is_waiting(ctx, id)
  for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    if job.id == id and job.state ~= "given_up" then
      return true
    end
  end
end

-- Enqueue and claim that very job in this process, in one transaction, so that no daemon takes it first.
-- While another process holds a job of the same name, wait for it and give what it left.
function queue.run_now(ctx, spec, on_wait)
  queue.reclaim(ctx)
  local t = home.txn(ctx)
  t:job(spec)
  t:claim { only = -1, most = 1, lease = LEASE_MS, owner = queue.progress("started") }
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  local id, jobs = done[1], done[2]
  while not jobs[1] do
    if on_wait then
      on_wait()
      on_wait = nil
    end
    sw.sys.sleep(250)
    queue.reclaim(ctx)
    if not is_waiting(ctx, id) then
      return outcome_of(ctx, spec)
    end
    jobs, message, code = queue.claim(ctx, { only = id, most = 1 })
    if not jobs then
      return nil, message, code
    end
  end
  return run(ctx, jobs[1])
end

-- Hand back what was claimed and not begun.
local function release(ctx, jobs, from)
  local t = home.txn(ctx)
  for k = from, #jobs do
    t:job_release(jobs[k].id, jobs[k].generation)
  end
  t:commit()
end

-- Run beside: whoever waits for work is told when it ends.
local function run_beside(ctx, job)
  local row = row_of(job)
  beside[row] = beside[row] + 1
  sw.spawn(function()
    run(ctx, job)
    beside[row] = beside[row] - 1
    queue.news = true
    sw.sys.wake("job")
  end)
end

-- `syncwell pause`: nothing is claimed until `resume`.
function queue.is_paused(ctx)
  return home.setting(ctx, "paused").at ~= nil
end

-- What waits for a place stands before nothing else: as many more are claimed, and given back. That writes
-- each of them, so the more they are, the longer until it is done again.
local function new_reach()
  local more, at = 0, 0
  local reach = {}
  function reach.most(now)
    return CLAIM + (now >= at and more or 0)
  end
  function reach.took(now, most, over)
    if over == 0 then
      more = 0
    elseif most == CLAIM + more then
      more, at = math.min(2 * over, OVER_MOST), now + over
    end
  end
  return reach
end

function queue.run_due(ctx, stop)
  local count, reach = 0, new_reach()
  while not (stop and stop()) and not queue.is_paused(ctx) do
    local claimed = sw.time.mono()
    local most = reach.most(claimed)
    local jobs, message, code = queue.claim(ctx, { now = sw.time.now(), most = most })
    if not jobs then
      return nil, message, code
    elseif #jobs == 0 then
      if beside.ask + beside.send == 0 or ctx.daemon == "forever" then
        return count
      end
      sw.sys.sleep(50, true) -- what runs beside may bring more
    end
    local over = {} -- more that wait for services than may run beside: they stay in the queue
    for i, job in ipairs(jobs) do
      if stop and stop() then
        release(ctx, jobs, i)
        release(ctx, over, 1)
        return count
      elseif row_of(job) and beside[row_of(job)] >= MOST_BESIDE then
        over[#over + 1] = job
      elseif sw.time.mono() - claimed < BEAT_MS or renew(ctx, job) then
        local how = row_of(job) and run_beside or run
        how(ctx, job, true)
        count = count + 1
      end
    end
    reach.took(claimed, most, #over)
    if #over > 0 then
      release(ctx, over, 1)
      sw.sys.sleep(100, true) -- until one of them ends
    end
  end
  home.common_txn(ctx):commit() -- nothing is left to be written when we return
  return count
end

return queue

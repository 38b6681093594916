-- Job "backup": one backup; one of the schedule plans the next whatever became of it.
-- payload: { out = PATH, key = sealed key } or { auto = true }
local backups = require("backups")
local home = require("home")
local notices = require("notices")
local term = require("term")

local json = sw.json
local backup = {}

local AGAIN_MS = 3600000 -- after one that failed

-- What others see of it in `status`, with the time left.
local function teller(job)
  local began, phase = sw.time.mono(), nil
  return function(what, done, total)
    if what ~= phase then
      began, phase = sw.time.mono(), what
    end
    local spent = (sw.time.mono() - began) / 1000
    local left = done > 0 and total > done and spent * (total - done) / done or 0
    job.doing = ("%s the backup, %d %%, %s left"):format(what, total > 0 and done * 100 // total or 0,
      term.duration(left))
    if backup.on_progress then
      backup.on_progress(what, done, total)
    end
  end
end

local function result(ctx, out, manifest)
  local st = sw.fs.stat(out)
  local records, samples = 0, 0
  for _, p in ipairs(manifest.people) do
    records, samples = records + p.records, samples + p.samples
  end
  return { file = out, at = manifest.at, size = st and st.size, with_key = manifest.key ~= nil,
    records = records, samples = samples, home = ctx.home }
end

-- One that lies outside the home's folder is remembered, so that `backup list` knows it.
local function remember(ctx, t, out)
  if out:sub(1, #backups.folder(ctx) + 1) ~= backups.folder(ctx) .. "/" then
    t:doc(".backup", out, "{}")
  end
end

-- A day of failures is one notice; rules may listen to each.
local function tell_of_failure(ctx, t, setting, why)
  local newest = backups.newest_planned(ctx) or setting.since or 0
  notices.send(ctx, t, "backup.failed", ("%d %d"):format(newest, home.day(ctx, sw.time.now())), { why = why })
  t:event(json.encode { event = "backup.failed", group = ("backup %d"):format(sw.time.now()),
    data = { kind = "backup", error = why } })
  t:dispatch(0)
end

local function scheduled(ctx, job, outcome, message)
  local setting = backups.setting(ctx)
  local t = home.txn(ctx)
  if setting and outcome then
    outcome.removed = backups.thin(ctx, setting.keep)
  end
  -- first, so that its name is free for the next
  job:finish(t, outcome and "done" or "failed", outcome or { error = message })
  if setting and outcome then
    local missed = math.max(0, (sw.time.now() - job.due) // setting.every_ms)
    backups.plan_next(t, setting, job.due + missed * setting.every_ms)
  elseif setting then
    sw.sys.log("error", "backup", "the backup failed: " .. tostring(message))
    tell_of_failure(ctx, t, setting, tostring(message))
    backups.plan_next(t, setting, sw.time.now() - setting.every_ms + math.min(AGAIN_MS, setting.every_ms))
  end
  local ok, why, code = t:commit()
  if not ok then
    return nil, why, code
  end
  return outcome or { error = message }
end

-- Where the home has no room for a line about it: a backup for another disk, outside the queue.
function backup.unrecorded(ctx, spec)
  local manifest, message, code = backups.make(ctx, spec, teller {})
  return manifest and result(ctx, spec.out, manifest), message, code
end

function backup.run(ctx, job)
  local spec = job.payload
  if spec.auto and not backups.setting(ctx) then
    return { skipped = "the schedule was turned off" }
  end
  if not spec.out then
    sw.fs.mkdir(backups.folder(ctx))
    spec.out = backups.name(ctx, spec.auto)
  end
  local manifest, message, code = backups.make(ctx, spec, teller(job))
  if spec.auto then
    return scheduled(ctx, job, manifest and result(ctx, spec.out, manifest), message)
  elseif not manifest then
    return nil, message, code
  end
  local outcome = result(ctx, spec.out, manifest)
  local t = home.txn(ctx)
  remember(ctx, t, spec.out)
  job:finish(t, "done", outcome)
  local ok, why, kind = t:commit()
  if not ok then
    return nil, why, kind
  end
  return json.decode(json.encode(outcome))
end

return backup

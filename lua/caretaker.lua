-- Looks after the home between jobs: is there room on the disk, did the planned backup come, is all as it was
-- stored (once a week, where it runs all the time), what was the week like; and forgets what is done with.
-- Asked at the start and every minute, it looks once an hour.
--   caretaker.short_of_room(ctx)   --> MB left when that is too little, else nil
--   caretaker.look(ctx)   -- what it finds goes out as notices (notices.lua), each once
local backups = require("backups")
local connections = require("connections")
local erasing = require("erasing")
local home = require("home")
local notices = require("notices")
local notifying = require("notifying")

local caretaker = {}

local HOUR_MS, DAY_MS = 3600000, 86400000
local CHECK_MS = 7 * DAY_MS
local FREE_MB, WEEK_WORD_HOUR = 512, 8

local looked = {} -- person -> when, on the monotonic clock

local function today(ctx)
  return home.day(ctx, sw.time.now())
end

-- Megabytes left where the home lies, when that is too little.
function caretaker.short_of_room(ctx)
  local least = (ctx.config and ctx.config.limits or {}).disk_free_mb or FREE_MB
  local bytes = sw.fs.space(ctx.home)
  local left = bytes and bytes // 1048576
  return left and left < least and left or nil
end

local function disk(ctx)
  local left = caretaker.short_of_room(ctx)
  if left then
    notices.tell(ctx, "disk.full", sw.time.day_text(today(ctx)), { left = left, home = ctx.home })
  end
end

-- Nothing failed, but nothing ran either: twice the span between two, and a day at least.
local function backup(ctx)
  local setting = backups.setting(ctx)
  local newest = setting and backups.newest_planned(ctx)
  local age = newest and sw.time.now() - newest
  if age and age > math.max(2 * setting.every_ms, DAY_MS) then
    notices.tell(ctx, "backup.late", tostring(newest), { days = age // DAY_MS })
  end
end

local function connections_line(ctx)
  local well, all = 0, connections.list(ctx) or {}
  for _, c in ipairs(all) do
    well = well + (c.state == "active" and not c.body.last_error and 1 or 0)
  end
  return #all == 0 and "nothing is connected." or ("%d of %d connections are well."):format(well, #all)
end

local function week_of(ctx, first_ms)
  local fired, sent, held = 0, 0, 0
  for _, doc in ipairs(sw.store.docs(ctx.who, "firing", { newest = true, limit = 5000 }) or {}) do
    local at = sw.time.parse(doc.body.at) or 0
    if at >= first_ms and doc.body.rule ~= "syncwell" then
      fired = fired + 1
      for _, a in ipairs(doc.body.actions or {}) do
        local told = a.action == "notify" and a.state
        sent = sent + (told and told:find("^done") and 1 or 0)
        held = held + (told and (told:find("^failed") or told:find("^outcome unknown")) and 1 or 0)
      end
    end
  end
  return fired, sent, held
end

-- Monday morning, or within two days of it where nothing ran then; the week that ended.
local function week(ctx)
  local now, day = sw.time.now(), today(ctx)
  local monday = day - (day + 3) % 7
  if not notices.wanted(ctx, "week.word") or day > monday + 2 or now < sw.time.day_start(ctx.zone, monday)
    + WEEK_WORD_HOUR * HOUR_MS then
    return
  end
  local fired, sent, held = week_of(ctx, sw.time.day_start(ctx.zone, monday - 7))
  notices.tell(ctx, "week.word", sw.time.day_text(monday), { fired = fired, sent = sent, held = held,
    connections = connections_line(ctx) })
end

local function tell_of_check(ctx, r)
  if r.found > 0 then
    notices.tell(ctx, "check.found", sw.time.day_text(today(ctx)), { found = r.found,
      why = r.findings[1].text })
  end
end

-- Of the whole home, so by its first person; on a thread, beside everything else. The first start only notes
-- the time.
local function check(ctx)
  local first = (sw.store.people() or {})[1]
  if ctx.daemon ~= "forever" or not first or first.id ~= ctx.who then
    return
  end
  local doc, t = sw.store.doc(ctx.who, ".checked", "home"), home.txn(ctx)
  if doc and sw.time.now() - doc.body.at < CHECK_MS then
    return
  end
  t:doc(".checked", "home", sw.json.encode { at = sw.time.now() })
  if not t:commit() or not doc then
    return
  end
  sw.spawn(function()
    local r, message = sw.care.check(ctx.home .. "/syncwell.db"):wait()
    if r then
      tell_of_check(ctx, r)
    else
      sw.sys.log("error", "check", tostring(message))
    end
  end)
end

-- An erasure that a kill or another reader of the file stopped; by the first person, as above. Who was erased
-- is not written into the log.
local function erasures(ctx)
  local first = (sw.store.people() or {})[1]
  if ctx.daemon ~= "forever" or not first or first.id ~= ctx.who then
    return
  end
  for _, plan in ipairs(erasing.pending(ctx)) do
    sw.spawn(function()
      local r, message = erasing.finish(ctx, plan)
      sw.sys.log(r and "info" or "warn", "erase", r and "an erasure that was stopped is at its end"
        or message)
      for _, line in ipairs(r and erasing.left(r) or {}) do
        sw.sys.log("warn", "erase", line)
      end
    end)
  end
end

-- Links that were too old to press, texts that may be told again, deliveries of long ago, marks of records
-- that actions added: such an action is not tried again after so long.
local function forget(ctx)
  local t, any = home.txn(ctx), false
  for _, kind in ipairs { ".button", ".told", ".delivery", ".derived", ".channel" } do
    local old = sw.store.docs(ctx.who, kind, { to = sw.time.now() - notifying.KEPT_MS, limit = 500 }) or {}
    for _, doc in ipairs(old) do
      t:doc_delete(kind, doc.name)
      any = true
    end
  end
  return not any or t:commit()
end

function caretaker.look(ctx)
  local now, last = sw.time.mono(), looked[ctx.who]
  if last and now - last < HOUR_MS then
    return
  end
  looked[ctx.who] = now
  disk(ctx)
  backup(ctx)
  week(ctx)
  check(ctx)
  erasures(ctx)
  forget(ctx)
end

return caretaker

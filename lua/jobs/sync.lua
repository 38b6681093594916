-- Job "sync": bring one connection up to date. payload: { connection = id, reason = "poll" ... }
-- Each resource is asked for from a little before its cursor until now, in windows, a page at a time; a
-- page is stored with its coverage and, when it is a window's last, the cursor, in one transaction. The job
-- itself never gives up: an outage, a limit or a script's error plans the next one and says so.
local account = require("account")
local connections = require("connections")
local door = require("door")
local home = require("home")
local intake = require("intake")
local oauth = require("oauth")
local providers = require("providers")
local zones = require("zones")

local json = sw.json
local sync = {}

local HOUR_MS, MINUTE_MS = 3600000, 60000
local LIVE_MS = 48 * HOUR_MS
local FIRST_DAYS, LOOKBACK_S, WINDOW_S = 7, 3 * 86400, 30 * 86400
local PAGE_CPU_MS, PAGES_MOST = 2000, 10000
local EDGE_MS, LISTED_MOST = MINUTE_MS, 100000
local BACK_MOST_MS = 100 * 365 * 86400000

-- --- windows ---

local function day_start(ctx, day)
  return sw.time.day_start(ctx.zone, day)
end

local function window_of(ctx, read, first, last, now)
  local shown = read.bounds == "exclusive day" and last + 1 or last
  return { first = first, last = last, from = day_start(ctx, first),
    to = math.min(day_start(ctx, last + 1), now),
    first_day = sw.time.day_text(first), last_day = sw.time.day_text(shown) }
end

-- Whole local days from the cursor, less the look-back (or from where a hint points, if that is earlier),
-- until today; the newest window ends now.
function sync.windows(ctx, read, cursor, now, from)
  local today = home.day(ctx, now)
  local since = cursor and cursor - (read.lookback_s or LOOKBACK_S) * 1000 // 1
    or day_start(ctx, today - FIRST_DAYS)
  since = math.max(math.min(since, from or since), now - BACK_MOST_MS) -- a hint may be a stranger's
  local first = math.min(home.day(ctx, math.tointeger(since) or since // 1), today)
  local step = math.max(1, math.tointeger((read.window_s or WINDOW_S) // 86400))
  local list = {}
  for day = first, today, step do
    list[#list + 1] = window_of(ctx, read, day, math.min(day + step - 1, today), now)
  end
  return list
end

-- --- one page ---

-- Answers what the script asks of the engine during a run.
local function answer(s, call, name, args)
  if name == "http" then
    s.requests = s.requests + 1
    local reply, message, code, more = s.acct:request(type(args) == "table" and args or {})
    if not reply then
      s.failure = { message = message, code = code, more = more }
      return sw.box.reply(call, false, message)
    end
    s.wait_ms, s.acct.reserve = reply.wait_ms, false -- what was begun may be finished
    sw.box.body(call, reply.body)
    return sw.box.reply(call, true, { status = reply.status, headers = reply.headers })
  end
  local ok, message = s.intake:take(name, args)
  if not ok then
    return sw.box.reply(call, false, message)
  end
  sw.box.reply(call, true, true)
end

local function run_page(s, resource, window, page)
  s.failure, s.wait_ms = nil, nil
  s.intake = intake.new(s.ctx, s.c, s.provider)
  s.intake.total, s.intake.reasons = s.total, s.reasons
  s.intake.detail = s.provider.declaration.reads[resource].detail and resource or nil
  local results, message, code = door.run(s.ctx.name, s.provider.package, { { cpu_ms = PAGE_CPU_MS, spec = {
    op = "page", script = s.provider.script, resource = resource, window = window, page = page,
    at = sw.time.now(), offset_min = home.offset(s.ctx, sw.time.now()), user = s.ctx.name,
    account = s.c.body.account, zone = zones.between(s.ctx.zone, window.from, window.to) } } },
    function(call, _, name, args)
      answer(s, call, name, args)
    end)
  for _, line in ipairs(results and results[1].out and results[1].out.log or {}) do
    sw.sys.log("debug", "script", s.provider.script .. ": " .. tostring(line))
  end
  if not results then
    return nil, message, code
  elseif s.failure then
    return nil, s.failure.message, s.failure.code, s.failure.more
  elseif not results[1].ok then
    local e = results[1].error
    return nil, e and (e.text or e.message) or "the script was stopped", "script"
  end
  return results[1].out or {}
end

-- What an answer meant: nil when its data is good.
local function verdict(s, out)
  local v = type(out.verdict) == "table" and out.verdict
  if not v then
    return nil
  end
  local why = ("%s answered %s%s"):format(s.provider.declaration.title, tostring(v.status or "oddly"),
    type(v.reason) == "string" and ": " .. sw.sys.clean(v.reason) or "")
  if v.word == "retry" then
    local after = math.tointeger(v.after)
    after = after and math.max(0, math.min(after, 86400)) * 1000
    return { code = (s.wait_ms or after) and "wait" or "again", message = why, more = s.wait_ms or after }
  end
  return { code = v.word, message = why }
end

local function commit_page(s, resource, window, last, count)
  local t, job = home.txn(s.ctx), s.job
  s.intake:write(t)
  if last then
    local state = count > 0 and "received" or "empty"
    t:coverage { connection = s.c.id, resource = resource, first = window.first, last = window.last,
      state = state }
    connections.put_cursor(t, s.c, resource, { known_until = math.max(s.cursor or 0, window.to) })
  end
  job:keep(t, ("%s, %s to %s"):format(resource, window.first_day, window.last_day))
  t:dispatch(sw.time.now() - LIVE_MS)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  for id in pairs(s.intake.ids) do
    s.seen[id] = true
  end
  s.intake:count(done, 1)
  return true
end

-- A page, and once more with a new token when the service no longer takes the old one.
local function page_of(s, resource, window, page)
  for attempt = 1, 2 do
    local out, message, code, more = run_page(s, resource, window, page)
    if not out then
      return nil, message, code, more
    end
    local v = verdict(s, out)
    if not v then
      return out
    elseif v.code == "refresh" and attempt == 1 and (s.provider.declaration.auth or {}).kind == "oauth2" then
      local token, why, kind = oauth.renew(s.acct)
      if not token then
        return nil, why, kind
      end
    else
      return nil, v.message, v.code == "refresh" and "reconnect" or v.code, v.more
    end
  end
end

-- --- deletions: what a whole listing lacks twice ---

local function missing_name(s, kind, id)
  return ("%d:%s:%s"):format(s.c.id, kind, id)
end

-- Did the window ask for this record? Days are the record's own local ones (its traveller's, not the home's);
-- at the very ends of a span of instants services differ.
local function was_asked_for(s, read, window, r)
  if read.bounds == "instant" then
    return r.start > window.from and r.start < window.to - EDGE_MS
  end
  local day = sw.time.day_of(r.start, r.offset_start or home.offset(s.ctx, r.start))
  return day >= window.first and day <= window.last
end

local function compare_listing(s, read, window)
  local rows, message, code = sw.store.records(s.ctx.who, { kind = read.kind, from = window.from,
    to = window.to, limit = LISTED_MOST })
  if not rows then
    return nil, message, code
  end
  local t, any = home.txn(s.ctx), false
  for _, r in ipairs(rows) do
    if r.connection == s.c.id and was_asked_for(s, read, window, r) then
      local name = missing_name(s, read.kind, r.external_id)
      local doubted = sw.store.doc(s.ctx.who, ".missing", name)
      if s.seen[r.external_id] then
        any = any or doubted
        if doubted then
          t:doc_delete(".missing", name)
        end
      elseif doubted then
        t:record_delete(r.id, read.kind, true)
        t:doc_delete(".missing", name)
        s.total.deleted, any = (s.total.deleted or 0) + 1, true
      else
        t:doc(".missing", name, "{}")
        any = true
      end
    end
  end
  if not any then
    return true
  end
  t:dispatch(sw.time.now() - LIVE_MS)
  return t:commit()
end

-- --- a resource ---

-- A service that gives one page for ever (it does not know the parameter) brings nothing that is new.
local function repeats(s)
  for id in pairs(s.intake.ids) do
    if not s.seen[id] then
      return false
    end
  end
  return next(s.intake.ids) ~= nil
end

local function read_window(s, resource, read, window)
  local page, count, whole = nil, 0, true
  s.seen = {}
  for _ = 1, PAGES_MOST do
    local out, message, code, more = page_of(s, resource, window, page)
    if not out then
      return nil, message, code, more
    end
    page, count = out.next, count + (math.tointeger(out.items) or 0)
    whole = whole and out.whole == true
    if repeats(s) then
      page, whole = nil, false
    end
    local ok, why, kind = commit_page(s, resource, window, page == nil, count)
    if not ok then
      return nil, why, kind
    elseif page == nil then
      return not (read.complete and whole) or compare_listing(s, read, window)
    end
  end
  return nil, ("over %d pages in one window: does its paging ever end?"):format(PAGES_MOST), "script"
end

local function note_failure(s, resource, window, message, code)
  local t = home.txn(s.ctx)
  t:coverage { connection = s.c.id, resource = resource, first = window.first, last = window.last,
    state = code == "drop" and "unobtainable" or code == "wait" and "wanted" or "failed",
    reason = sw.sys.clean(message or "failed"):sub(1, 190) }
  t:commit()
end

local function read_resource(s, resource, read)
  local cursor = connections.cursor(s.ctx, s.c, resource).known_until
  s.cursor = cursor
  for _, window in ipairs(sync.windows(s.ctx, read, cursor, sw.time.now(), s.hint.from)) do
    local ok, message, code, more = read_window(s, resource, read, window)
    if not ok then
      if code ~= "conflict" then
        note_failure(s, resource, window, message, code)
      end
      if code ~= "drop" then
        return nil, message, code, more
      end
    end
    s.cursor = math.max(s.cursor or 0, window.to)
  end
  return true
end

-- --- the end ---

local function outcome(s, words)
  local o = { connection = connections.title(s.c) }
  for k, v in pairs(s.total) do
    o[k] = v
  end
  for k, v in pairs(words or {}) do
    o[k] = v
  end
  o.reasons = next(s.reasons) and s.reasons
  return o
end

-- A hint (lua/jobs/ingest.lua) is done with once a sync that knew it went well; one that came while we
-- asked was too late for us: ask again at once.
local function heed_hint(s, well)
  local late, revision = connections.hint(s.ctx, s.c)
  if late.n and late.n == s.hint.n and well then
    local t = home.txn(s.ctx)
    connections.heeded(t, s.c, revision)
    if t:commit() then
      return
    end
    late = connections.hint(s.ctx, s.c)
  end
  if late.n and late.n ~= s.hint.n and (s.c.state == "active" or s.c.state == "error") then
    local t = home.txn(s.ctx)
    connections.plan(t, s.c, sw.time.now(), "hint")
    t:commit()
  end
end

-- The job ends and the next is planned at `due` (nil: none), in one transaction.
local function finish(s, due, words)
  local t = home.txn(s.ctx)
  local o = outcome(s, words)
  s.job:finish(t, words and words.error and "failed" or "done", o)
  connections.put(t, s.c)
  if due then
    connections.plan(t, s.c, due, "poll")
  end
  local event = words and words.error and "sync.failed" or "sync.finished"
  local changed = s.total.new + s.total.updated > 0
  if event == "sync.finished" and changed or event == "sync.failed" and s.c.body.failures == 1 then
    t:event(json.encode { event = event, group = ("s%d.%d"):format(s.c.id, s.job.id), data = { kind = "sync",
      connection = o.connection, provider = s.c.provider, added = s.total.new, updated = s.total.updated,
      error = words and words.error } })
    t:dispatch(0)
  end
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  heed_hint(s, not (words and (words.error or words.waiting)))
  return o
end

local function jittered(ms)
  return math.floor(ms * (0.9 + 0.2 * tonumber("0x" .. sw.sys.random(3)) / 0xFFFFFF))
end

-- Minutes that double, at most an hour.
local function backoff(failures)
  return jittered(math.min(HOUR_MS, MINUTE_MS * 2 ^ math.min(failures - 1, 10)) // 1)
end

local ends = {}

-- Who waits for a new window does not come back all at once: the longer the wait, the wider they spread.
function ends.wait(s, message, more)
  local ms = math.max(1000, more or MINUTE_MS)
  local spread = math.min(ms, 6 * HOUR_MS) * tonumber("0x" .. sw.sys.random(3)) / 0xFFFFFF
  return finish(s, sw.time.now() + ms + math.floor(spread), { waiting = message })
end

function ends.needs_user(s, message)
  connections.set_state(s.ctx, s.c, "needs_user", message)
  return finish(s, nil, { error = message, needs_user = true })
end

function ends.reconnect(s, message)
  local mend = s.c.provider .. (s.c.name ~= "main" and " --name " .. s.c.name or "")
  local withheld = oauth.withheld(s.provider.declaration, s.c.body.scope)
  return ends.needs_user(s, ("%s: the credential is not accepted%s; mend it with: syncwell connect %s")
    :format(message, withheld and (" (%s was not granted)"):format(sw.sys.clean(withheld)) or "", mend))
end

function ends.attention(s, message)
  connections.set_state(s.ctx, s.c, "error", message .. " (tried again every hour)")
  return finish(s, sw.time.now() + jittered(HOUR_MS), { error = message })
end

ends.script = ends.attention

function ends.again(s, message)
  return finish(s, sw.time.now() + backoff(s.c.body.failures), { error = message })
end

local function failed(s, message, code, more)
  if code ~= "wait" then
    s.c.body.failures = (s.c.body.failures or 0) + 1
    s.c.body.last_error = sw.sys.clean(message or "failed"):sub(1, 300)
  end
  return (ends[code] or ends.again)(s, message, more)
end

-- How many accounts share the limits of an app of ours.
local function sharers(s)
  local n = 0
  for _, c in ipairs(connections.list(s.ctx) or {}) do
    n = n + (c.provider == s.c.provider and c.state == "active" and 1 or 0)
  end
  return math.max(n, 1)
end

-- As often as asked for, but no faster than what the limits bear for all who share them, less a part for
-- webhooks and for people who ask themselves; polls rest while a limit is nearly used up.
local function pace(s, ms)
  local each, n = s.requests > 0 and s.requests or 1, nil
  for _, l in ipairs(s.acct:limits()) do
    n = n or l.shared and sharers(s) or 1
    ms = math.max(ms, l.period_ms * each * n / (l.most * 0.7))
  end
  return math.floor(ms)
end

local function next_poll(s)
  local ms = pace(s, connections.poll_s(s.c, s.provider.declaration) * 1000)
  for _, l in ipairs(s.acct:limits()) do
    local used = sw.store.limit_used(l.name, l.most, l.period_ms, l.aligned) or 0
    if used > l.most * 0.8 then
      return sw.time.now() + jittered(ms * 4)
    end
  end
  return sw.time.now() + jittered(ms)
end

local function resources(declaration)
  local names = {}
  for name in pairs(declaration.reads or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function open(ctx, job)
  local c, message, code = connections.find(ctx, job.payload.connection)
  if not c then
    return nil, message, code == "usage" and "gone" or code
  elseif c.state ~= "active" and c.state ~= "error" then
    return nil, c.state, "gone"
  end
  local provider
  provider, message, code = providers.get(ctx, c.provider)
  local s = { ctx = ctx, job = job, c = c, provider = provider, requests = 0, reasons = {},
    hint = connections.hint(ctx, c),
    total = { new = 0, updated = 0, unchanged = 0, rejected = 0, held = 0 } }
  if not provider then
    return s, message, code
  end
  s.acct, message, code = account.open(ctx, c, provider)
  if s.acct then
    s.acct.reserve = job.payload.reason == "poll" and not s.hint.n
  end
  return s, message, code
end

-- One resource that is refused (its scope was not granted) does not keep the others back.
local function read_all(s)
  local first
  for _, resource in ipairs(resources(s.provider.declaration)) do
    local r = table.pack(read_resource(s, resource, s.provider.declaration.reads[resource]))
    if not r[1] and r[3] ~= "attention" and r[3] ~= "script" then
      return table.unpack(r, 1, 4)
    end
    first = first or not r[1] and r
  end
  if first then
    return table.unpack(first, 1, 4)
  end
  return true
end

function sync.run(ctx, job)
  local s, message, code = open(ctx, job)
  if not s then
    return code == "gone" and { skipped = message } or nil, message, code
  elseif not s.acct then
    return failed(s, message, "attention")
  end
  local ok, why, kind, more = read_all(s)
  if not ok and kind == "conflict" then
    return nil, why, kind
  elseif not ok then
    return failed(s, why, kind, more)
  end
  s.c.body.failures, s.c.body.last_error, s.c.body.last_sync = nil, nil, sw.time.now()
  if s.c.state == "error" then
    s.c.state, s.c.body.sentence = "active", nil
  end
  return finish(s, next_poll(s))
end

return sync

-- Job "sync": bring one connection up to date. payload: { connection = id, reason = "poll" ... }
-- Each resource is pulled (lua/pull.lua), then the next sync is planned. The job itself never gives up: an
-- outage, a limit or a script's error plans the next one and says so.
local account = require("account")
local connections = require("connections")
local home = require("home")
local notices = require("notices")
local oauth = require("oauth")
local providers = require("providers")
local pull = require("pull")

local json = sw.json
local sync = {}

local HOUR_MS, MINUTE_MS, DAY_MS = 3600000, 60000, 86400000
local SCRIPT_FAILURES_MOST = 10

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

-- Failing for a day is news, once for each outage; the first failure of it is in the state of the connection.
local function tell_of_long_failure(s, t, o)
  local b = s.c.body
  if b.failing_since and sw.time.now() - b.failing_since >= DAY_MS and s.c.state ~= "needs_user" then
    notices.send(s.ctx, t, "sync.failed", ("%d %d"):format(s.c.id, b.failing_since), {
      connection = o.connection, why = b.last_error or "no answer" })
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
  if s.first and event == "sync.finished" then
    t:event(json.encode { event = "backfill.finished", group = ("b%d"):format(s.c.id), data = { kind = "sync",
      connection = o.connection, provider = s.c.provider, added = s.total.new, updated = s.total.updated } })
    t:dispatch(0)
  end
  tell_of_long_failure(s, t, o)
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

-- How many accounts share the limits of an app of ours.
local function sharers(s)
  local n = 0
  for _, c in ipairs(connections.list(s.ctx) or {}) do
    n = n + (c.provider == s.c.provider and c.state == "active" and 1 or 0)
  end
  return math.max(n, 1)
end

local ends = {}

function ends.wait(s, message, more)
  local ms = math.max(1000, more or MINUTE_MS)
  return finish(s, sw.time.now() + ms + (s.acct and s.acct:turn(ms, sharers(s)) or 0), { waiting = message })
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

-- A script's own error: nobody but who wrote it can mend that, so after a while it is left alone.
function ends.script(s, message)
  local title = connections.title(s.c)
  if s.c.body.failures < SCRIPT_FAILURES_MOST then
    return ends.attention(s, message)
  end
  local why = sw.sys.clean(message):match("^[^\n]*")
  s.c.state, s.c.body.sentence = "paused", ("its script failed %d times in a row: %s; mend it, then: "
    .. "syncwell connections resume %s"):format(s.c.body.failures, why, title)
  local t = home.txn(s.ctx)
  connections.put(t, s.c)
  notices.send(s.ctx, t, "connection.paused", ("%d %d"):format(s.c.id, sw.time.now()), { connection = title,
    times = s.c.body.failures, why = why })
  s.c.body.failures = 0
  local ok, problem, code = t:commit()
  if not ok then
    return nil, problem, code
  end
  return finish(s, nil, { error = message })
end

function ends.again(s, message)
  return finish(s, sw.time.now() + backoff(s.c.body.failures), { error = message })
end

local function failed(s, message, code, more)
  if code ~= "wait" then
    s.c.body.failures = (s.c.body.failures or 0) + 1
    s.c.body.last_error = sw.sys.clean(message or "failed"):sub(1, 300)
    s.c.body.failing_since = s.c.body.failing_since or sw.time.now()
  end
  return (ends[code] or ends.again)(s, message, more)
end

-- The part of a limit that listings may plan on: what is new may cost a request more for its streams.
local function share(declaration)
  for _, read in pairs(declaration.reads or {}) do
    if read.detail then
      return 0.5
    end
  end
  return 0.7
end

-- As often as asked for, but no faster than what the limits bear for all who share them, less a part for
-- webhooks and for people who ask themselves; polls rest while a limit is nearly used up.
local function pace(s, ms)
  local each, n = s.requests > 0 and s.requests or 1, nil
  for _, l in ipairs(s.acct:limits()) do
    n = n or l.shared and sharers(s) or 1
    ms = math.max(ms, l.period_ms * each * n / (l.most * share(s.provider.declaration)))
  end
  return math.floor(ms)
end

local function next_poll(s)
  local asked = connections.poll_s(s.c, s.provider.declaration) * 1000
  local ms = pace(s, asked)
  for _, l in ipairs(s.acct:limits()) do
    local used = sw.store.limit_used(l.name, l.most, l.period_ms, l.aligned) or 0
    if used > l.most * 0.8 then
      ms = math.max(ms, asked * 4)
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
    s.acct.reserve = job.payload.reason == "poll" and not s.hint.n and 0.1 or 0
  end
  return s, message, code
end

-- One resource that is refused (its scope was not granted) does not keep the others back.
local function read_all(s)
  local first
  for _, resource in ipairs(resources(s.provider.declaration)) do
    local r = table.pack(pull.resource(s, resource, s.provider.declaration.reads[resource]))
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
    return failed(s, message, code == "needs_user" and code or "attention")
  end
  local ok, why, kind, more = read_all(s)
  if not ok and kind == "conflict" then
    return nil, why, kind
  elseif not ok then
    return failed(s, why, kind, more)
  end
  s.first = not s.c.body.last_sync
  s.c.body.failures, s.c.body.last_error, s.c.body.last_sync = nil, nil, sw.time.now()
  s.c.body.failing_since = nil
  if s.c.state == "error" then
    s.c.state, s.c.body.sentence = "active", nil
  end
  return finish(s, next_poll(s))
end

return sync

-- Pulling a resource of a connection: asked for from a little before its cursor until now, in windows, a page
-- at a time. A page is stored with its coverage and, when it is a window's last, the cursor, in one
-- transaction; a window that was listed whole twice tells what was deleted.
--   pull.resource(s, "activities", read) --> true | nil, message, code, wait_ms
-- `s` is the state of a sync: { ctx, job, c, provider, acct, hint, total, reasons, requests }. Codes: "wait",
-- "again", "needs_user", "reconnect", "attention", "script", "drop" and those of the store.
local connections = require("connections")
local door = require("door")
local home = require("home")
local intake = require("intake")
local raw = require("raw")
local undo = require("undo")
local zones = require("zones")
local watch = require("watch")

local pull = {}

local MINUTE_MS = 60000
local LIVE_MS = 48 * 3600000
local FIRST_DAYS, LOOKBACK_S, WINDOW_S = 7, 3 * 86400, 30 * 86400
local PAGE_CPU_MS, PAGES_MOST = 2000, 10000
local EDGE_MS, LISTED_MOST = MINUTE_MS, 100000
local BACK_MOST_MS = 100 * 365 * 86400000

-- --- windows ---

local function day_start(ctx, day)
  return sw.time.day_start(ctx.zone, day)
end

function pull.window(ctx, read, first, last, now)
  local shown = read.bounds == "exclusive day" and last + 1 or last
  return { first = first, last = last, from = day_start(ctx, first),
    to = math.min(day_start(ctx, last + 1), now),
    first_day = sw.time.day_text(first), last_day = sw.time.day_text(shown) }
end

-- Whole local days from the cursor, less the look-back (or from where a hint points, if that is earlier),
-- until today; the newest window ends now.
function pull.windows(ctx, read, cursor, now, from)
  local today = home.day(ctx, now)
  local since = cursor and cursor - (read.lookback_s or LOOKBACK_S) * 1000 // 1
    or day_start(ctx, today - FIRST_DAYS)
  since = math.max(math.min(since, from or since), now - BACK_MOST_MS) -- a hint may be a stranger's
  local first = math.min(home.day(ctx, math.tointeger(since) or since // 1), today)
  local step = math.max(1, math.tointeger((read.window_s or WINDOW_S) // 86400))
  local list = {}
  for day = first, today, step do
    list[#list + 1] = pull.window(ctx, read, day, math.min(day + step - 1, today), now)
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
    s.wait_ms, s.acct.reserve = reply.wait_ms, 0 -- what was begun may be finished
    raw.note(s.raw, args, reply)
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
  s.failure, s.wait_ms, s.raw = nil, nil, raw.recorder(s.ctx)
  s.intake = intake.new(s.ctx, s.c, s.provider)
  s.intake.total, s.intake.reasons = s.total, s.reasons
  s.intake.detail = s.provider.declaration.reads[resource].detail and resource or nil
  local ready, why, kind, wait = s.acct:ready()
  if not ready then
    return nil, why, kind, wait
  end
  local results, message, code = door.run(s.ctx.name, s.provider.package, { { cpu_ms = PAGE_CPU_MS, spec = {
    op = "page", script = s.provider.script, resource = resource, window = window, page = page,
    at = sw.time.now(), offset_min = home.offset(s.ctx, sw.time.now()), user = s.ctx.name,
    account = s.c.body.account, settings = s.c.body.settings,
    zone = zones.between(s.ctx.zone, window.from, window.to) } } },
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

local function commit_page(s, resource, window, page, last, count)
  local t, job = home.txn(s.ctx), s.job
  s.intake.run = job.id
  undo.around(t, job.id, "sync", connections.title(s.c), function()
    s.intake:write(t)
  end)
  raw.keep(s.ctx, t, s.c, s.provider, { op = "page", resource = resource, window = window, page = page },
    s.raw)
  if last then
    local state = count > 0 and "received" or "empty"
    t:coverage { connection = s.c.id, resource = resource, first = window.first, last = window.last,
      state = state }
    connections.put_cursor(t, s.c, resource, { known_until = math.max(s.cursor or 0, window.to) })
  end
  job:keep(t, ("%s, %s to %s"):format(resource, window.first_day, window.last_day))
  t:dispatch(sw.time.now() - LIVE_MS)
  watch.ask(t)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  for id in pairs(s.intake.ids) do
    s.seen[id] = true
  end
  s.intake:count(done, 2)
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
    elseif v.code ~= "refresh" or attempt == 2 then
      return nil, v.message, v.code == "refresh" and "reconnect" or v.code, v.more
    end
    local token, why, kind, wait = s.acct:renew()
    if not token then
      return nil, kind == "reconnect" and v.message or why, kind, wait
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
  t:undo_of(s.job.id)
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
  t:undo_end(sw.json.encode { what = "sync", text = connections.title(s.c) })
  t:dispatch(sw.time.now() - LIVE_MS)
  watch.ask(t)
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
    local this = page
    page, count = out.next, count + (math.tointeger(out.items) or 0)
    whole = whole and out.whole == true
    if repeats(s) then
      page, whole = nil, false
    end
    local ok, why, kind = commit_page(s, resource, window, this, page == nil, count)
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

function pull.resource(s, resource, read)
  local cursor = connections.cursor(s.ctx, s.c, resource).known_until
  s.cursor = cursor
  for _, window in ipairs(pull.windows(s.ctx, read, cursor, sw.time.now(), s.hint.from)) do
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

return pull

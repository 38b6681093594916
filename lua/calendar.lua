-- The calendar file of a home: entries are documents keyed by UID, HOME/calendar.ics is written from them.
--   calendar.add(ctx, key, { title, at, duration, notes, if_past }) --> "done" | "skipped: ..."
--   calendar.update(ctx, key, { uid, title, at, duration, notes })   calendar.remove(ctx, key, { uid })
-- The entry is stored, then the file is written, then the caller ends its job: a kill in between repeats
-- both, and both are the same the second time.
local destinations = require("destinations")
local home = require("home")

local json = sw.json
local calendar = {}

local HOUR_S = 3600
local FIRST_MS, LAST_MS = -2208988800000, 3471292800000 -- 1900 to 2079, as everywhere
local MOST_S = 366 * 86400
local DONE_SHOWN_MS = 30 * 86400000

-- An entry as the codec takes it.
local function ical_of(uid, e)
  return { uid = uid, title = e.title, text = e.notes or "", start = e.start, dur_s = e.dur_s,
    stamp = e.stamp, sequence = e.sequence or 0 }
end

local function add_entries(list, who)
  for _, d in ipairs(sw.store.docs(who, "calendar", {}) or {}) do
    list[#list + 1] = ical_of(d.name, d.body)
  end
end

-- Tasks (tasks.lua) stand in the same feed; what was done long ago does not.
local function add_tasks(list, who)
  for _, d in ipairs(sw.store.docs(who, "task", { limit = 10000 }) or {}) do
    local b = d.body
    if not b.done or b.done > sw.time.now() - DONE_SHOWN_MS then
      list[#list + 1] = { uid = "task-" .. d.name .. "@syncwell", title = b.title, text = b.notes or "",
        start = b.due or 0, dur_s = 0, stamp = b.done or b.made, sequence = b.done and 1 or 0, todo = true,
        done = b.done or 0 }
    end
  end
end

-- Write the file from the entries of all who share the home; the same entries give the same bytes.
function calendar.write(ctx)
  local list = {}
  for _, person in ipairs(sw.store.people() or {}) do
    add_entries(list, person.id)
    add_tasks(list, person.id)
  end
  local text = sw.ical.write("SyncWell", list)
  return sw.fs.write(ctx.home .. "/calendar.ics", text, 384)
end

function calendar.written(ctx)
  local ok, message, code = calendar.write(ctx)
  return ok and "done" or nil, message, code
end

local function implausible(start, dur_s)
  return start < FIRST_MS or start > LAST_MS or dur_s > MOST_S
end

-- Stored, planned for the calendars it goes to, written: the same however often it is repeated. from: what it
-- was made from, by which a service's copy of it is known (echoes.lua).
local function keep(ctx, uid, entry, from, revision)
  local ics, why = sw.ical.write("SyncWell", { ical_of(uid, entry) })
  if not ics then
    return nil, why, "bad"
  end
  local t = home.txn(ctx)
  t:doc("calendar", uid, json.encode(entry), { at = entry.start, revision = revision })
  destinations.plan(ctx, t, "calendar", uid, { uid = uid, ics = ics, sequence = entry.sequence,
    from = from })
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return calendar.written(ctx)
end

-- An entry of a rule's own uid that is written again counts on; a repeat of the same action does not.
local function counted(ctx, key, uid, entry)
  local doc = uid and sw.store.doc(ctx.who, "calendar", uid)
  if doc and doc.body.by == key then
    entry.sequence = doc.body.sequence
  elseif doc then
    entry.sequence = (doc.body.sequence or 0) + 1
  end
  entry.by = uid and key
  return entry
end

local function origin_of(key, steps)
  return steps and steps.firing and steps.firing.name or key
end

local function is_uid(uid)
  return uid ~= "" and #uid <= 200 and not uid:find("%c") and sw.sys.clean(uid) == uid
end

function calendar.add(ctx, key, args, steps)
  if args.at < sw.time.now() and args.if_past ~= "now" then
    return "skipped: its time had passed"
  elseif implausible(args.at, args.duration or HOUR_S) then
    return nil, "an entry beyond 2079, or longer than a year", "bad" -- one such makes the file unreadable
  elseif args.uid and not is_uid(args.uid) then
    return nil, "the uid of an entry is a text of 1 to 200 bytes without control bytes", "bad" -- as that
  end
  return keep(ctx, args.uid or (key .. "@syncwell"), counted(ctx, key, args.uid, {
    title = sw.sys.clean(args.title), notes = args.notes and sw.sys.clean(args.notes, true), start = args.at,
    dur_s = args.duration or HOUR_S, stamp = args.at }), origin_of(key, steps))
end

-- The entry of that name, or a state that says that it is not there.
local function there(ctx, uid)
  local doc, message, code = sw.store.doc(ctx.who, "calendar", uid)
  if not doc and message then
    return nil, message, code
  elseif not doc then
    return nil, "skipped: there is no entry of that uid"
  end
  return doc
end

-- Which action wrote it last stands in the entry, so that a repeat does not count as another change.
function calendar.update(ctx, key, args, steps)
  local doc, why, code = there(ctx, args.uid)
  if not doc then
    return not code and why or nil, why, code
  elseif doc.body.by == key then
    return calendar.written(ctx)
  end
  local e = doc.body
  e.title = args.title and sw.sys.clean(args.title) or e.title
  e.notes = args.notes and sw.sys.clean(args.notes, true) or e.notes
  e.start, e.dur_s = args.at or e.start, args.duration or e.dur_s
  if implausible(e.start, e.dur_s) then
    return nil, "an entry beyond 2079, or longer than a year", "bad"
  end
  e.sequence, e.stamp, e.by = (e.sequence or 0) + 1, sw.time.now(), key
  return keep(ctx, args.uid, e, origin_of(key, steps), doc.revision)
end

-- Into a transaction that erases: what this action wrote goes, from services too; uid: the one it named. What
-- another action wrote over it since is that one's. The file is written afterwards.
function calendar.forget(ctx, t, key, uid)
  local doc = sw.store.doc(ctx.who, "calendar", uid or (key .. "@syncwell"))
  if doc and (not doc.body.by or doc.body.by == key) then
    t:doc_delete("calendar", doc.name)
    destinations.plan(ctx, t, "calendar", doc.name .. "#gone", { uid = doc.name, remove = true })
  end
end

function calendar.remove(ctx, _, args)
  local doc, why, code = there(ctx, args.uid)
  if not doc then
    return not code and why or nil, why, code
  end
  local t = home.txn(ctx)
  t:doc_delete("calendar", args.uid)
  destinations.plan(ctx, t, "calendar", args.uid .. "#gone", { uid = args.uid, remove = true })
  local ok, message, kind = t:commit()
  if not ok then
    return nil, message, kind
  end
  return calendar.written(ctx)
end

return calendar

-- The calendar file of a home: entries are documents keyed by UID, HOME/calendar.ics is written from them.
--   calendar.add(ctx, key, { title, at, duration, notes, if_past }) --> "done" | "skipped: ..."
-- The entry is stored, then the file is written, then the caller ends its job: a kill in between repeats
-- both, and both are the same the second time.
local destinations = require("destinations")
local home = require("home")

local json = sw.json
local calendar = {}

local HOUR_S = 3600
local FIRST_MS, LAST_MS = -2208988800000, 3471292800000 -- 1900 to 2079, as everywhere
local MOST_S = 366 * 86400

local function add_entries(list, who)
  for _, d in ipairs(sw.store.docs(who, "calendar", {}) or {}) do
    local e = d.body
    list[#list + 1] = { uid = d.name, title = e.title, text = e.notes or "", start = e.start, dur_s = e.dur_s,
      stamp = e.stamp, sequence = 0 }
  end
end

-- Write the file from the entries of all who share the home; the same entries give the same bytes.
function calendar.write(ctx)
  local list = {}
  for _, person in ipairs(sw.store.people() or {}) do
    add_entries(list, person.id)
  end
  local text = sw.ical.write("SyncWell", list)
  return sw.fs.write(ctx.home .. "/calendar.ics", text, 384)
end

function calendar.add(ctx, key, args, steps)
  if args.at < sw.time.now() and args.if_past ~= "now" then
    return "skipped: its time had passed"
  end
  if args.at < FIRST_MS or args.at > LAST_MS or (args.duration or HOUR_S) > MOST_S then
    return nil, "an entry beyond 2079, or longer than a year", "bad" -- one such makes the file unreadable
  end
  local entry = { title = sw.sys.clean(args.title), notes = args.notes and sw.sys.clean(args.notes, true),
    start = args.at, dur_s = args.duration or HOUR_S, stamp = args.at }
  local uid = args.uid or (key .. "@syncwell")
  local ics, why = sw.ical.write("SyncWell", { { uid = uid, title = entry.title, text = entry.notes or "",
    start = entry.start, dur_s = entry.dur_s, stamp = entry.stamp, sequence = 0 } })
  if not ics then
    return nil, why, "bad"
  end
  local t = home.txn(ctx)
  t:doc("calendar", uid, json.encode(entry), { at = args.at })
  destinations.plan(ctx, t, "calendar", uid, { uid = uid, ics = ics, from = steps and steps.from or key })
  local ok, message, code = t:commit()
  if ok then
    ok, message, code = calendar.write(ctx)
  end
  if not ok then
    return nil, message, code
  end
  return "done"
end

return calendar

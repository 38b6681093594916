-- syncwell log: write something down by hand.
--   syncwell log weight 81.2kg   |   syncwell log caffeine 80mg yesterday 16:00   |   syncwell log note
-- "slept badly"
local amounts = require("amounts")
local bulk = require("bulk")
local data = require("data")
local filters = require("filters")
local home = require("home")
local record = require("record")
local term = require("term")
local undo = require("undo")
local watch = require("watch")
local when = require("when")
local written = require("written")

local command = {
  creates = true,
  group = "data", summary = "write a value, a workout, a night, a meal or a note by hand", mutates = true,
  usage = "METRIC VALUE [WHEN] | blood_pressure 120/80 [WHEN] | workout SPORT 45min [8.2km] [WHEN] "
    .. "| sleep 23:10-06:40 [DAY] | meal NAME [650kcal] [WHEN] | mindful 10min [WHEN] "
    .. "| measurement NAME VALUE [WHEN] | note TEXT",
  doc = "What a meal has of energy, protein, carbs, fat, sugar and fiber counts for its day, as the\n"
    .. "minutes of mindful do. `syncwell metrics` lists the metrics.\n"
    .. "WHEN is such as: yesterday 16:00, 9pm, friday 7:30, 3 days ago, 2026-03-01 18:00. A clock or a\n"
    .. "night without a day is the last one.",
  example = "syncwell log weight 81.2kg\nsyncwell log mood 7\nsyncwell log caffeine 80mg yesterday 16:00\n"
    .. "syncwell log workout running 45min 8.2km yesterday 18:00\nsyncwell log sleep 23:10-06:40\n"
    .. "syncwell log blood_pressure 121/79 today 7:30",
  options = {},
}

command.words = { SPORT = "sports" }

local origin = { provider = "manual", name = "by hand", maker = "", model = "", kind = "manual",
  ident = "manual" }

local LIVE_MS = 48 * 3600000

-- In the order of results: the run, the record, the values that came with it.
local function put(ctx, words, draft)
  local connection, own, code = bulk.own(ctx)
  if not connection then
    return nil, own, code
  end
  local t = home.txn(ctx)
  undo.begin(t, "log", table.concat(words, " "))
  t:record(record.row(ctx, draft, origin, connection, "manual"))
  for _, v in ipairs(written.values(draft.kind, draft.attributes)) do
    local at = { draft.start, v[2], v[3], home.offset(ctx, draft.start) }
    t:samples(v[1], own, { at })
  end
  watch.ask(t)
  t:dispatch(sw.time.now() - LIVE_MS) -- what is written down now is live: rules may act on it
  local done, message, kind = t:commit()
  if not done then
    return nil, message, kind
  elseif done[2].what == "rejected" then
    return nil, done[2].reason, "usage"
  end
  local ok
  ok, message, kind = home.settle(ctx)
  return ok and done, message, kind
end

local function note(ctx, words)
  local now, text = sw.time.now(), table.concat(words, " ", 2)
  local done, message, code = put(ctx, words, { kind = "note", start = now, finish = now,
    external_id = ("%d:%s"):format(now, sw.sys.hash(text):sub(1, 8)), attributes = { text = text } })
  if not done then
    return nil, message, code
  end
  term.line(ctx.json and '{"new":1}' or "noted")
  return 0
end

local function put_record(ctx, words)
  local draft, message = written.draft(ctx, words)
  if not draft then
    return nil, message, "usage"
  end
  local sport = draft.attributes.sport
  local near = sport and filters.meant(ctx, "sport", sport)
  local done, why, code = put(ctx, words, draft)
  if not done then
    return nil, why, code
  end
  local at = sw.time.iso(draft.start, home.offset(ctx, draft.start))
  if ctx.json then
    term.line("%s", sw.json.encode { kind = draft.kind, start = at, finish = sw.time.iso(draft.finish,
      home.offset(ctx, draft.finish)), attributes = draft.attributes, id = ("%x"):format(done[2].id),
      group = ("%x"):format(done[2].group), what = done[2].what, run = done[1] })
  else
    local lasted = (draft.finish - draft.start) / 1000
    local length = lasted > 0 and ", " .. term.duration(lasted) or ""
    local known = done[2].what == "unchanged" and " (was there already)" or ""
    local named = sport or draft.attributes.name
    local what = draft.kind .. (named and " " .. sw.sys.clean(named) or "")
    term.line("%s at %s%s%s; take it back with: syncwell undo %d", what, at, length, known, done[1])
    if near then
      term.line("nobody else calls a sport '%s': did you mean '%s'?", sw.sys.clean(sport), near)
    end
  end
  return 0
end

-- --- values ---

-- "120/80": two metrics at one time.
local function pressure(words)
  local high, low = (words[2] or ""):match("^(%d+)/(%d+)$")
  if not high then
    return nil, "a blood pressure is written as 120/80: syncwell log blood_pressure 120/80 today 7:30"
  end
  return { { data.metric("blood_pressure_systolic"), tonumber(high) },
    { data.metric("blood_pressure_diastolic"), tonumber(low) } }, words[3] == "mmHg" and 4 or 3
end

-- What has no metric can be kept all the same.
local function or_kept_as(words, message)
  if message:find("did you mean", 1, true) then
    return message
  end
  local as = (words[2] or ""):find("^%-?%d")
    and "a figure without one is a measurement: syncwell log measurement %s"
    or "words are a note: syncwell log note %s"
  return message .. "; " .. as:format(sw.sys.clean(table.concat(words, " ")))
end

-- The values that are meant, { metric, value } each, and where the words of the time begin.
local function values_of(words)
  if words[1] == "blood_pressure" or words[1] == "bp" then
    return pressure(words)
  end
  local m, message = data.metric(words[1])
  if not m then
    return nil, words[1] and or_kept_as(words, message)
      or "log needs what and a value, for example: syncwell log weight 81.2kg"
  elseif not words[2] then
    return nil, ("log %s needs a value, for example: syncwell log weight 81.2kg yesterday"):format(words[1])
  end
  local value, last, why = amounts.take(m, words, 2)
  if not value then
    return nil, why
  end
  return { { m, value } }, last + 1
end

local function checked(words)
  local values, from = values_of(words)
  for _, v in ipairs(values or {}) do
    local ok, why = amounts.plausible(v[1], v[2])
    if not ok then
      return nil, why
    end
  end
  return values, from
end

local function tell(ctx, values, results, at)
  for i, v in ipairs(values) do
    local m, value, got = v[1], v[2], results[i + 1]
    if ctx.json then
      term.line("%s", sw.json.encode { metric = m.name, value = value, unit = m.unit, at = at, new = got.new,
        updated = got.updated })
    else
      local known = got.new == 0 and " (was there already)" or ""
      term.line("%s %s at %s%s", m.title, data.text(m, value), at, known)
    end
  end
end

local function put_values(ctx, words, values, ms, offset)
  local own, message, code = bulk.own_origin(ctx)
  if not own then
    return nil, message, code
  end
  local t = home.txn(ctx)
  undo.begin(t, "log", table.concat(words, " "))
  for _, v in ipairs(values) do
    t:samples(v[1].name, own, { { ms, 0, v[2], offset } })
  end
  watch.ask(t)
  return t:commit()
end

local function ambiguous(words)
  for _, word in ipairs(words) do
    local message = words[1] ~= "note" and amounts.ambiguous(word)
    if message then
      return message
    end
  end
end

function command.run(ctx, words)
  local unclear = ambiguous(words)
  if unclear then
    return nil, unclear, "usage"
  elseif words[1] == "note" and table.concat(words, "", 2):find("[^%s%c]") then
    return note(ctx, words)
  elseif words[1] == "note" then
    return nil, "what is the note? for example: syncwell log note \"slept badly\"", "usage"
  elseif written.is(words) then
    return put_record(ctx, words)
  end
  local values, from = checked(words)
  if not values then
    return nil, from, "usage"
  end
  local text = #words >= from and table.concat(words, " ", from) or nil
  local ms, offset = when.past(ctx, text)
  if not ms then
    return nil, ("'%s' is not a time I understand (try: yesterday 16:00)"):format(text), "usage"
  elseif ms > sw.time.now() + 86400000 then
    return nil, "that lies in the future", "usage"
  end
  local done, message, code = put_values(ctx, words, values, ms, offset)
  if not done then
    return nil, message, code
  end
  tell(ctx, values, done, sw.time.iso(ms, offset))
  return 0
end

return command

-- syncwell log: write something down by hand.
--   syncwell log weight 81.2kg   |   syncwell log caffeine 80mg yesterday 16:00   |   syncwell log note
-- "slept badly"
local bulk = require("bulk")
local data = require("data")
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
  usage = "METRIC VALUE [WHEN] | workout SPORT 45min [8.2km] [WHEN] | sleep 23:10-06:40 [DAY] "
    .. "| meal NAME [650kcal] [WHEN] | note TEXT",
  example = "syncwell log weight 81.2kg\nsyncwell log mood 7\nsyncwell log caffeine 80mg yesterday 16:00\n"
    .. "syncwell log workout running 45min 8.2km yesterday 18:00\nsyncwell log sleep 23:10-06:40",
  options = {},
}

local origin = { provider = "manual", name = "by hand", maker = "", model = "", kind = "manual",
  ident = "manual" }

local function number_and_unit(text)
  local number, unit = text:gsub("^(%-?%d+),(%d)", "%1.%2"):match("^(%-?%d+%.?%d*)%s*(.-)$")
  return tonumber(number), unit
end

local LIVE_MS = 48 * 3600000

local function put(ctx, words, draft)
  local connection, message, code = bulk.connection(ctx)
  if not connection then
    return nil, message, code
  end
  local t = home.txn(ctx)
  undo.begin(t, "log", table.concat(words, " "))
  t:record(record.row(ctx, draft, origin, connection, "manual"))
  watch.ask(t)
  t:dispatch(sw.time.now() - LIVE_MS) -- what is written down now is live: rules may act on it
  local done
  done, message, code = t:commit()
  if done and done[2].what == "rejected" then
    return nil, done[2].reason, "usage"
  elseif done then
    local ok
    ok, message, code = home.settle(ctx)
    return ok and done, message, code
  end
  return nil, message, code
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
    local length = term.duration((draft.finish - draft.start) / 1000)
    local known = done[2].what == "unchanged" and " (was there already)" or ""
    term.line("%s at %s, %s%s; take it back with: syncwell undo %d", draft.kind, at, length, known, done[1])
  end
  return 0
end

local function value_of(m, text)
  local value, unit = number_and_unit(text or "")
  if not value then
    return nil, ("'%s' is not a value like 81.2kg"):format(text or "")
  end
  if unit ~= "" then
    local converted = sw.store.convert(value, unit, m.unit)
    if not converted then
      return nil, ("'%s' is not a unit of %s (it is kept in %s)"):format(unit, m.title:lower(), m.unit)
    end
    value = converted
  end
  if value < m.min or value > m.max then
    return nil, ("%s of %g %s is not plausible (%g to %g)"):format(m.title:lower(), value, m.unit, m.min,
      m.max)
  end
  return value
end

function command.run(ctx, words)
  if words[1] == "note" and words[2] then
    return note(ctx, words)
  elseif written.is(words) then
    return put_record(ctx, words)
  end
  local m, message, code = data.metric(words[1])
  if not m then
    return nil, words[1] and message
      or "log needs what and a value, for example: syncwell log weight 81.2kg", code
  end
  -- "81.2 kg" in two words is one value
  if words[3] and sw.store.convert(1, words[3], m.unit) then
    words[2] = words[2] .. table.remove(words, 3)
  end
  local value, why = value_of(m, words[2])
  if not value then
    return nil, why, "usage"
  end
  local text = #words > 2 and table.concat(words, " ", 3) or nil
  local ms, offset = when.instant(ctx, text)
  if not ms then
    return nil, ("'%s' is not a time I understand (try: yesterday 16:00)"):format(text), "usage"
  end
  local t = home.txn(ctx)
  t:origin(origin)
  local done
  done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  t = home.txn(ctx)
  undo.begin(t, "log", table.concat(words, " "))
  t:samples(m.name, done[1], { { ms, 0, value, offset } })
  watch.ask(t)
  done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  if ctx.json then
    term.line("%s", sw.json.encode { metric = m.name, value = value, unit = m.unit,
      at = sw.time.iso(ms, offset), new = done[2].new, updated = done[2].updated })
  else
    term.line("%s %s at %s%s", m.title, data.text(m, value), sw.time.iso(ms, offset), done[2].new == 0
      and " (was there already)" or "")
  end
  return 0
end

return command

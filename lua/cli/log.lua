-- syncwell log: write something down by hand.
--   syncwell log weight 81.2kg   |   syncwell log caffeine 80mg yesterday 16:00   |   syncwell log note
-- "slept badly"
local data = require("data")
local home = require("home")
local record = require("record")
local term = require("term")
local watch = require("watch")
local when = require("when")

local command = {
  creates = true,
  group = "data", summary = "write a value or a note by hand", usage = "WHAT VALUE [WHEN]", mutates = true,
  example = "syncwell log weight 81.2kg\nsyncwell log mood 7\nsyncwell log caffeine 80mg yesterday 16:00",
    options = {},
}

local origin = { provider = "manual", name = "by hand", maker = "", model = "", kind = "manual",
  ident = "manual" }

local function number_and_unit(text)
  local number, unit = text:gsub("^(%-?%d+),(%d)", "%1.%2"):match("^(%-?%d+%.?%d*)%s*(.-)$")
  return tonumber(number), unit
end

local function note(ctx, words)
  local t = home.txn(ctx)
  t:connection("manual", "manual")
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  local now = sw.time.now()
  local text = table.concat(words, " ", 2)
  t = home.txn(ctx)
  t:record(record.row(ctx, { kind = "note", external_id = ("%d:%s"):format(now, sw.sys.hash(text):sub(1, 8)),
    start = now, finish = now,
    attributes = { text = text } }, origin, done[1], "manual"))
  t:dispatch(now - 48 * 3600000) -- what is written down now is live: rules may act on it
  local ok, why, kind = t:commit()
  if not ok then
    return nil, why, kind
  end
  term.line(ctx.json and '{"new":1}' or "noted")
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
  t:samples(m.name, done[1], { { ms, 0, value, offset } })
  watch.ask(t)
  done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  if ctx.json then
    term.line("%s", sw.json.encode { metric = m.name, value = value, unit = m.unit,
      at = sw.time.iso(ms, offset), new = done[1].new, updated = done[1].updated })
  else
    term.line("%s %s at %s%s", m.title, data.text(m, value), sw.time.iso(ms, offset), done[1].new == 0
      and " (was there already)" or "")
  end
  return 0
end

return command

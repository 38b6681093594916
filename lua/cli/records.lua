-- syncwell records: workouts, nights, meals and other things with structure.
--   syncwell records workout --from 2026-03-01 --json
local record = require("record")
local term = require("term")
local when = require("when")

local json = sw.json

local command = {
  group = "data", summary = "list records of a kind", usage = "KIND [--from DAY] [--to DAY] [--id ID]",
  example = "syncwell records workout --from 2026-01-01\nsyncwell records sleep --json",
  doc = "Kinds: workout, sleep, meal, mindful, measurement, note; `all` for every kind. All of them "
    .. "unless --from or --to is given.",
  options = {
    from = { value = "DAY", doc = "first day" }, to = { value = "DAY", doc = "last day, with it" },
    id = { value = "ID", doc = "only the record or group with this id" },
  },
}

local kinds = { "workout", "sleep", "meal", "mindful", "measurement", "note", "all" }
command.words = { KIND = kinds }

local function known_kind(word)
  for _, kind in ipairs(kinds) do
    if kind == word then
      return true
    end
  end
  local near = require("schema").did_you_mean(word:gsub("s$", ""), kinds)
  return nil, ("there is no kind of record '%s'%s"):format(word, near), "usage"
end

local function filter_of(ctx, words, options)
  local f = { kind = words[1] ~= "all" and words[1] or nil }
  local first, last
  if options.from then
    first = when.span(ctx, options.from)
    if not first then
      return nil, ("--from: '%s' is not a day I understand"):format(options.from), "usage"
    end
  end
  if options.to then
    last = select(2, when.span(ctx, options.to))
    if not last then
      return nil, ("--to: '%s' is not a day I understand"):format(options.to), "usage"
    end
  end
  if first or last then
    f.first_day, f.last_day = first or sw.time.day(1900, 1, 1), last or sw.time.day(2079, 12, 31)
  end
  return f
end

local function summary(r)
  local a = r.attributes
  if r.kind == "sleep" then
    return a.asleep_s and term.duration(a.asleep_s) .. " asleep" or a.in_bed_s and term.duration(a.in_bed_s)
      .. " in bed" or ""
  elseif r.kind == "note" then
    return a.text or ""
  elseif r.kind == "meal" then
    return (a.name or "") .. (a.energy_kcal and (" %.0f kcal"):format(a.energy_kcal) or "")
  end
  local parts = { a.elapsed_s and term.duration(a.elapsed_s) }
  parts[#parts + 1] = a.distance_m and a.distance_m > 0 and ("%.2f km"):format(a.distance_m / 1000) or nil
  parts[#parts + 1] = a.hr_avg and ("%.0f /min"):format(a.hr_avg) or nil
  return table.concat(parts, ", ")
end

function command.run(ctx, words, options)
  if not words[1] then
    return nil, "records needs a kind: workout, sleep, meal, mindful, note, or all", "usage"
  end
  local f, message, code = known_kind(words[1])
  if f then
    f, message, code = filter_of(ctx, words, options)
  end
  if not f then
    return nil, message, code
  end
  local rows
  rows, message, code = sw.store.records(ctx.who, f)
  if not rows then
    return nil, message, code
  end
  local out = {}
  for _, r in ipairs(rows) do
    local p = record.public(r)
    if not options.id or p.id == options.id or p.group == options.id then
      out[#out + 1] = p
    end
  end
  if ctx.json then
    term.line("%s", json.encode(json.list(out)))
    return 0
  end
  local list = {}
  for i, r in ipairs(out) do
    list[i] = { r.start:sub(1, 16):gsub("T", " "), r.type, summary(r), r.origin ~= "" and r.origin
      or r.provider, r.group }
  end
  if #list == 0 then
    term.line("no records of that kind in that time")
  else
    term.table({ "start", "type", "what", "origin", "group" }, list)
  end
  return 0
end

return command

-- syncwell query: a metric over days, hours or raw.
--   syncwell query heart_rate --every day --from 2026-03-01 --to 2026-03-31 --json
local data = require("data")
local home = require("home")
local periods = require("periods")
local source_days = require("source_days")
local term = require("term")
local when = require("when")

local json = sw.json

local DAY_MS, EDGE_MS, HOURS_DAYS = 86400000, 16 * 3600000, 62

local command = {
  group = "data", summary = "values of a metric",
    usage = "METRIC [WHEN] [--from DAY] [--to DAY] [--every day|week|month|hour|raw] [--by source]",
  example = "syncwell query steps --from 2026-03-01 --to 2026-03-31\n"
    .. "syncwell query steps this year --every month\n"
    .. "syncwell query heart_rate yesterday --every hour --json",
  doc = "Days are local days of the data, the last 7 when nothing is said. A week (from Monday) or a month\n"
    .. "is its days gathered: its value is the mean of theirs, `days` how many had one.",
  options = {
    from = { value = "DAY", doc = "first day (2026-03-01, yesterday, last monday ...)" },
    to = { value = "DAY", doc = "last day, with it" },
    every = { value = "WHAT", doc = "day (default), week, month, hour or raw" },
    by = { value = "source", doc = "one row per origin instead of the merged truth" },
  },
}

local function span(ctx, words, options)
  local today = home.day(ctx, sw.time.now())
  local first, last
  local text = #words > 1 and table.concat(words, " ", 2)
  if text and (options.from or options.to) then
    return nil, ("'%s' is one word too many beside --from and --to"):format(text), "usage"
  elseif text then
    first, last = when.span(ctx, text)
    if not first then
      return nil, ("'%s' is no time I understand (try: yesterday, last 30d, 2026-03)"):format(text), "usage"
    end
  elseif options.from then
    first, last = when.span(ctx, options.from)
    if not first then
      local hint = "--from: '%s' is not a day I understand (try 2026-03-01, yesterday, last 7d)"
      return nil, hint:format(options.from), "usage"
    end
    last = options.from:find("^last") and last or math.max(today, first)
  else
    first, last = today - 6, today
  end
  if options.to then
    local _, to = when.span(ctx, options.to)
    if not to then
      return nil, ("--to: '%s' is not a day I understand"):format(options.to), "usage"
    end
    last = to
    first = options.from and first or to - 6
  end
  return first, last
end

-- How often -> what names a row: its key, and how the key is written.
local EVERY = { day = sw.time.day_text, week = sw.time.day_text, raw = true,
  hour = function(ms) return sw.time.iso(ms, 0):sub(1, 16) end,
  month = function(day) return sw.time.day_text(day):sub(1, 7) end }

local function public(rows, key)
  local out = {}
  for i, r in ipairs(rows) do
    local o = { n = r.n, sum = r.sum or json.null, mean = r.mean or json.null, min = r.min or json.null,
      max = r.max or json.null, last = r.last or json.null, value = r.value or json.null }
    o[key], o.days, o.origin = EVERY[key](r[key]), r.days, r.origin
    out[i] = o
  end
  return json.list(out)
end

local function by_source(ctx, m, first, last)
  local all = {}
  local days, message, code = source_days.new(ctx, m, first, last)
  if not days then
    return nil, message, code
  end
  for _, o in ipairs(sw.store.origins(ctx.who)) do
    local rows
    rows, message, code = days.of(o.id)
    if not rows then
      return nil, message, code
    end
    for _, r in ipairs(rows) do
      r.origin = o.name ~= "" and o.name or o.maker
      all[#all + 1] = r
    end
  end
  table.sort(all, function(a, b)
    return a.day < b.day or (a.day == b.day and a.origin < b.origin)
  end)
  return all
end

-- Lines of JSON as they are read; with --json one list of them, which is no reason to hold them all.
-- Days are the data's own: they lie within UTC's widened by what an offset may be.
local function raw(ctx, m, first, last)
  local from, to = first * DAY_MS - EDGE_MS, (last + 1) * DAY_MS + EDGE_MS
  local step, before = 7 * DAY_MS, "["
  for at = from, to - 1, step do
    local text, message, code = sw.store.raw(ctx.who, m.name, at, math.min(at + step, to), nil, first, last)
    if not text then
      return nil, message, code
    elseif ctx.json and #text > 0 then
      term.out(before .. (text:gsub("\n$", ""):gsub("\n", ",")))
      before = ","
    else
      term.out(text)
    end
  end
  if ctx.json then
    term.line("%s]", before == "[" and "[" or "")
  end
  return 0
end

-- A question for hours takes two months: longer spans are several.
local function hours(ctx, m, first, last)
  local all = {}
  for day = first, last, HOURS_DAYS do
    local rows, message, code = data.hours(ctx, m.name, day, math.min(last, day + HOURS_DAYS - 1))
    if not rows then
      return nil, message, code
    end
    table.move(rows, 1, #rows, #all + 1, all)
  end
  return all
end

local function days(ctx, m, first, last, options)
  if options.by then
    return by_source(ctx, m, first, last)
  end
  return data.daily(ctx, m.name, first, last)
end

local function rows_of(ctx, m, first, last, options)
  local every = options.every
  if every == "hour" then
    return hours(ctx, m, first, last)
  end
  local rows, message, code = days(ctx, m, first, last, options)
  if rows and (every == "week" or every == "month") then
    return periods.gather(rows, every)
  end
  return rows, message, code
end

local function show(m, rows, key, by)
  if key ~= "hour" and not by then
    return periods.draw(m, rows, key)
  end
  local list = {}
  for i, r in ipairs(rows) do
    list[i] = { EVERY[key](r[key]), r.origin or "", data.text(m, r.value), r.n,
      r.min and data.text(m, r.min) or "", r.max and data.text(m, r.max) or "" }
  end
  term.table({ key, "origin", m.title, "samples", "least", "most" }, list)
end

local function answer(ctx, m, first, last, options)
  local rows, message, code = rows_of(ctx, m, first, last, options)
  if not rows then
    return nil, message, code
  end
  local key = options.every or "day"
  if ctx.json then
    term.line("%s", json.encode(public(rows, key)))
  elseif #rows == 0 then
    term.line("no %s from %s to %s", m.title:lower(), sw.time.day_text(first), sw.time.day_text(last))
  else
    show(m, rows, key, options.by)
  end
  return 0
end

function command.run(ctx, words, options)
  local m, why, code = data.metric(words[1])
  if not m then
    return nil, words[1] and why or "query needs the name of a metric; `syncwell metrics` lists them", code
  end
  local first, last, kind = span(ctx, words, options)
  if not first then
    return nil, last, kind
  elseif first > last then
    return nil, ("--from (%s) lies behind --to (%s)"):format(sw.time.day_text(first),
      sw.time.day_text(last)), "usage"
  elseif not EVERY[options.every or "day"] then
    return nil, "--every takes day, week, month, hour or raw", "usage"
  elseif options.every == "raw" then
    return raw(ctx, m, first, last)
  end
  return answer(ctx, m, first, last, options)
end

return command

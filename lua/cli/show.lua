-- syncwell show: what was, for people: a day, a span, one metric with a chart.
--   syncwell show   |   syncwell show sleep last 14d   |   syncwell show yesterday
local chart = require("chart")
local data = require("data")
local home = require("home")
local periods = require("periods")
local term = require("term")
local when = require("when")

local command = {
  group = "data", summary = "what was: the last days, or one thing with a chart", usage = "[WHAT] [WHEN]",
  example = "syncwell show\nsyncwell show steps 2026-03\nsyncwell show sleep last 14d",
  doc = "WHEN: yesterday, monday, last 30d, 2026-03, 2026, this week, 2026-03-01..2026-03-14, all. A day is\n"
    .. "shown by its hours, a long time by weeks, months or years.",
    options = {},
}

local overview = { "steps", "distance", "active_energy", "sleep_duration", "resting_heart_rate", "hrv_sdnn",
  "hrv_rmssd", "weight", "heart_rate",
  "stress", "mindful_minutes", "energy_intake" }

-- First and last day that have data of a metric, or of any in the overview.
local function data_days(ctx, m)
  local first, last
  for _, name in ipairs(m and { m.name } or overview) do
    local rows = sw.store.daily(ctx.who, name, sw.time.day(1900, 1, 1), home.day(ctx, sw.time.now()))
    if rows and rows[1] then
      first = math.min(first or rows[1].day, rows[1].day)
      last = math.max(last or rows[#rows].day, rows[#rows].day)
    end
  end
  return first, last
end

local function values(rows, first, last, field)
  local list = {}
  for _, r in ipairs(rows) do
    list[r.day - first + 1] = r[field]
  end
  return list, last - first + 1
end

local function summary(ctx, first, last)
  local rows_out = {}
  for _, name in ipairs(overview) do
    local m = data.metrics()[name]
    local rows, message, code = data.daily(ctx, name, first, last)
    if not rows then
      return nil, message, code
    end
    if #rows > 0 then
      local sum = 0
      for _, r in ipairs(rows) do
        sum = sum + r.value
      end
      local list, n = chart.squeezed(values(rows, first, last, "value"), last - first + 1, 60)
      rows_out[#rows_out + 1] = { m.title, data.text(m, sum / #rows), data.text(m, rows[#rows].value), #rows,
        term.spark(list, n) }
    end
  end
  return rows_out
end

-- The device or app that is believed first, and how many more said something of it.
local function from(v)
  local name = v.origin and v.origin ~= "" and v.origin or v.provider
  return #v.providers > 1 and ("%s +%d"):format(name, #v.providers - 1) or name
end

-- What has values, but none in these days: whoever looks at the last week finds the way to older data. Said
-- only when more is missing than there, or a scale that was given away would be named for ever.
local function older(ctx, first, last, shown)
  local titles, newest = {}, nil
  for _, name in ipairs(overview) do
    local today = sw.store.daily(ctx.who, name, first, last)
    local before = today and #today == 0 and sw.store.daily(ctx.who, name, sw.time.day(1900, 1, 1), first - 1)
    if before and #before > 0 then
      titles[#titles + 1] = data.metrics()[name].title
      newest = math.max(newest or 0, before[#before].day)
    end
  end
  if #titles > shown then
    term.line("\nnothing in these days: %s", table.concat(titles, ", "))
    term.line("the newest of it: syncwell show %s..%s",
      sw.time.day_text(newest - 6), sw.time.day_text(newest))
  end
end

local function workouts(ctx, first, last)
  local views, message, code = data.groups(ctx, "workout", { first_day = first, last_day = last })
  if not views then
    return nil, message, code
  end
  if #views > 0 then
    term.line("")
    local list = {}
    for i, v in ipairs(views) do
      local a = v.attributes
      list[i] = { when.short_day(sw.time.day_of(v.start, v.offset_start)),
        when.clock(v.start, v.offset_start), a.sport or v.type,
        a.elapsed_s and term.duration(a.elapsed_s) or "", a.distance_m
          and ("%.2f km"):format(a.distance_m / 1000) or "",
        a.hr_avg and ("%.0f /min"):format(a.hr_avg) or "", from(v) }
    end
    term.table({ "day", "at", "workout", "time", "distance", "heart rate", "from" }, list)
  end
  return true
end

local FEW, LINES = 62, 40

-- More days than lines: their course in one line, and them gathered.
local function gathered(m, rows, first, last)
  local list, n = values(rows, first, last, "value")
  local least, most
  for _, r in ipairs(rows) do
    least, most = math.min(least or r.value, r.value), math.max(most or r.value, r.value)
  end
  local course = term.spark(chart.squeezed(list, n, math.min(sw.sys.columns() - 2, 100)))
  term.line("%s\nfrom %s to %s a day\n", course, data.text(m, least), data.text(m, most))
  for _, every in ipairs { "week", "month", "year" } do
    local longer = periods.gather(rows, every)
    if #longer <= LINES or every == "year" then
      return periods.draw(m, longer, every)
    end
  end
end

-- A day alone is shown by its hours where it has several.
local function draw(ctx, m, rows, first, last)
  local hours = first == last and data.hours(ctx, m.name, first, last) or {}
  if #hours > 1 then
    term.line("%s\n", data.text(m, rows[1].value))
    periods.draw(m, hours, "hour")
  elseif #rows <= FEW then
    periods.draw(m, rows, "day")
  else
    gathered(m, rows, first, last)
  end
end

local function show_metric(ctx, m, first, last)
  local rows, message, code = data.daily(ctx, m.name, first, last)
  if not rows then
    return nil, message, code
  end
  term.line("%s, %s to %s", term.paint("bold", m.title), sw.time.day_text(first), sw.time.day_text(last))
  if #rows > 0 then
    draw(ctx, m, rows, first, last)
    return 0
  end
  local _, newest = data_days(ctx, m)
  local name = newest and sw.time.day_text(newest)
  term.line(name and "nothing in that time; the newest is of %s: syncwell show %s %s" or "nothing yet",
    name, m.name, name)
  return 0
end

local function split(ctx, words)
  local first_word = words[1] and (data.aliases[words[1]] or words[1])
  if first_word and data.metrics()[first_word] then
    return data.metrics()[first_word], #words > 1 and table.concat(words, " ", 2) or nil
  end
  return nil, #words > 0 and table.concat(words, " ") or nil, ctx
end

-- The days meant: those named, cut to where there is data, or the newest ones.
local function span(ctx, m, text, word)
  local ok, message, code = data.settle(ctx)
  if not ok then
    return nil, message, code
  end
  local oldest, newest = data_days(ctx, m)
  local today = home.day(ctx, sw.time.now())
  if not text then
    local last = math.min(today, newest or today)
    return last - (m and 13 or 6), last
  end
  local first, last = when.span(ctx, text)
  if not first then
    local why = m and ("'%s' is not a time I understand"):format(text)
      or ("'%s' is neither a metric nor a day; records are shown by `records %s`"):format(word, word)
    return nil, why .. " (try: yesterday, last 30d, 2026-03, 2026-03-01..2026-03-14)", "usage"
  end
  if not newest or newest < first or oldest > last then
    return first, last
  end
  return math.max(first, oldest), math.min(last, newest)
end

function command.run(ctx, words)
  if ctx.json then
    return nil, "show is for people; use query, records or status with --json", "usage"
  end
  local m, text = split(ctx, words)
  local first, last, kind = span(ctx, m, text, words[1])
  if not first then
    return nil, last, kind
  elseif m then
    return show_metric(ctx, m, first, last)
  end
  local rows, message, code = summary(ctx, first, last)
  if not rows then
    return nil, message, code
  end
  term.line("%s to %s", sw.time.day_text(first), sw.time.day_text(last))
  if #rows == 0 then
    local _, newest = data_days(ctx)
    term.line(newest and "nothing in that time; the newest is of %s"
      or "nothing yet: `syncwell import FILE` brings data in", newest and sw.time.day_text(newest))
    return 0
  end
  term.table({ "", "a day", "latest", "days", "" }, rows)
  local ok, why, problem = workouts(ctx, first, last)
  if not ok then
    return nil, why, problem
  elseif not text then
    older(ctx, first, last, #rows)
  end
  return 0
end

return command

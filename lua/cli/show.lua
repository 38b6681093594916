-- syncwell show: what was, for people: a day, a span, one metric with a chart.
--   syncwell show   |   syncwell show sleep last 14d   |   syncwell show yesterday
local data = require("data")
local home = require("home")
local term = require("term")
local when = require("when")

local command = {
  group = "data", summary = "what was: the last days, or one thing with a chart", usage = "[WHAT] [WHEN]",
  example = "syncwell show\nsyncwell show steps 2026-03\nsyncwell show sleep last 14d", options = {},
}

local overview = { "steps", "distance", "active_energy", "sleep_duration", "resting_heart_rate", "hrv_sdnn",
  "hrv_rmssd", "weight", "heart_rate",
  "stress", "mindful_minutes", "energy_intake" }

local aliases = { sleep = "sleep_duration", hr = "heart_rate", energy = "active_energy", hrv = "hrv_sdnn" }

local function latest_day(ctx)
  local latest
  for _, name in ipairs(overview) do
    local rows = sw.store.daily(ctx.who, name, sw.time.day(1900, 1, 1), home.day(ctx, sw.time.now()))
    local last = rows and rows[#rows]
    latest = last and math.max(latest or last.day, last.day) or latest
  end
  return latest
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
      local list, n = values(rows, first, last, "value")
      rows_out[#rows_out + 1] = { m.title, data.text(m, sum / #rows), data.text(m, rows[#rows].value), #rows,
        term.spark(list, n) }
    end
  end
  return rows_out
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
        a.hr_avg and ("%.0f /min"):format(a.hr_avg) or "", table.concat(v.providers, ", ") }
    end
    term.table({ "day", "at", "workout", "time", "distance", "heart rate", "from" }, list)
  end
  return true
end

local function show_metric(ctx, m, first, last)
  local rows, message, code = data.daily(ctx, m.name, first, last)
  if not rows then
    return nil, message, code
  end
  local bars = {}
  for i, r in ipairs(rows) do
    bars[i] = { label = when.short_day(r.day), text = data.text(m, r.value), value = math.max(0, r.value) }
  end
  term.line("%s, %s to %s", term.paint("bold", m.title), sw.time.day_text(first), sw.time.day_text(last))
  if #bars == 0 then
    term.line("nothing in that time")
  elseif #bars <= 62 then
    term.bars(bars)
  else
    local list, n = values(rows, first, last, "value")
    local width, cells = math.min(sw.sys.columns() - 2, 100), {}
    for i = 1, width do
      local sum, k = 0, 0
      for d = (i - 1) * n // width + 1, math.max((i - 1) * n // width + 1, i * n // width) do
        if list[d] then
          sum, k = sum + list[d], k + 1
        end
      end
      cells[i] = k > 0 and sum / k or nil
    end
    term.line("%s", term.spark(cells, width))
  end
  return 0
end

local function split(ctx, words)
  local first_word = words[1] and (aliases[words[1]] or words[1])
  if first_word and data.metrics()[first_word] then
    return data.metrics()[first_word], #words > 1 and table.concat(words, " ", 2) or nil
  end
  return nil, #words > 0 and table.concat(words, " ") or nil, ctx
end

function command.run(ctx, words)
  local m, text = split(ctx, words)
  local first, last
  if text then
    first, last = when.span(ctx, text)
    if not first then
      local _, why = data.metric(words[1])
      return nil, m and ("'%s' is not a time I understand"):format(text) or why .. ", nor is it a day",
        "usage"
    end
  else
    local ok, message, code = home.settle(ctx)
    if not ok then
      return nil, message, code
    end
    last = math.min(home.day(ctx, sw.time.now()), latest_day(ctx) or home.day(ctx, sw.time.now()))
    first = last - (m and 13 or 6)
  end
  if m then
    return show_metric(ctx, m, first, last)
  end
  local rows, message, code = summary(ctx, first, last)
  if not rows then
    return nil, message, code
  end
  if ctx.json then
    return nil, "show is for people; use query, records or status with --json", "usage"
  end
  term.line("%s to %s", sw.time.day_text(first), sw.time.day_text(last))
  if #rows == 0 then
    term.line("nothing yet: `syncwell import FILE` brings data in")
    return 0
  end
  term.table({ "", "a day", "latest", "days", "" }, rows)
  local ok, why, kind = workouts(ctx, first, last)
  if not ok then
    return nil, why, kind
  end
  return 0
end

return command

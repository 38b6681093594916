-- syncwell completeness: of what usually comes, how much came, and what kept the rest away.
--   syncwell completeness --from 2026-01-01;   syncwell completeness steps sleep --json
local data = require("data")
local expected = require("expected")
local home = require("home")
local schema = require("schema")
local term = require("term")
local when = require("when")

local json = sw.json

local command = {
  group = "data", summary = "of what usually comes, how much came",
  usage = "[METRIC...] [--from DAY] [--to DAY]",
  example = "syncwell completeness\nsyncwell completeness steps sleep_duration --from 2026-01-01 --json",
  doc = "A metric is expected on a weekday when it came on at least half of the eight such days before. "
    .. "The score of a\nday or metric is the part of what was expected that came. Without --from the last 8 "
    .. "weeks up to yesterday.",
  options = {
    from = { value = "DAY", doc = "first day" }, to = { value = "DAY", doc = "last day, with it" },
  },
}

local MOST_DAYS, WEEKS = 3660, 8

local function span_of(ctx, options)
  local yesterday = home.day(ctx, sw.time.now()) - 1
  local span, message, code = when.range(ctx, options, nil, yesterday)
  if not span then
    return nil, message, code
  end
  span.first = span.first or span.last - WEEKS * 7 + 1
  if span.last - span.first >= MOST_DAYS then
    return nil, "that is more than ten years: ask for a shorter span", "usage"
  end
  return span
end

-- The metrics that are asked for, else all; those that never come are never expected.
local function metrics_of(words)
  local list = {}
  for i, word in ipairs(words) do
    local m, message, code = data.metric(word)
    if not m then
      return nil, message, code
    end
    list[i] = m.name
  end
  return #words > 0 and list or schema.keys(data.metrics())
end

local function score(came, n)
  return n > 0 and came / n or nil
end

local function per_metric(days)
  local of, list = {}, {}
  for _, row in ipairs(days) do
    for name in pairs(row.expected) do
      local m = of[name] or { metric = name, expected = 0, came = 0, causes = {} }
      of[name], m.expected = m, m.expected + 1
      m.came = m.came + (row.missing[name] and 0 or 1)
      if row.missing[name] then
        m.causes[row.missing[name]] = (m.causes[row.missing[name]] or 0) + 1
      end
    end
  end
  for _, name in ipairs(schema.keys(of)) do
    list[#list + 1] = of[name]
  end
  return list
end

local function totals(days)
  local came, n = 0, 0
  for _, row in ipairs(days) do
    came, n = came + row.came, n + row.n
  end
  return came, n
end

local function document(days, metrics)
  local came, n = totals(days)
  local out = { from = sw.time.day_text(days[1].day), to = sw.time.day_text(days[#days].day), expected = n,
    came = came, score = score(came, n) or json.null, days = json.list(), metrics = json.list() }
  for i, row in ipairs(days) do
    local missing = json.list()
    for k, name in ipairs(schema.keys(row.missing)) do
      missing[k] = { metric = name, cause = row.missing[name] }
    end
    out.days[i] = { day = sw.time.day_text(row.day), expected = json.list(schema.keys(row.expected)),
      score = score(row.came, row.n) or json.null, missing = missing }
  end
  for i, m in ipairs(metrics) do
    out.metrics[i] = { metric = m.metric, expected = m.expected, came = m.came,
      score = score(m.came, m.expected), causes = m.causes }
  end
  return out
end

local shades = term.unicode and { "··", "░░", "▒▒", "▓▓", "██" } or { " .", " :", " +", " *", " #" }

local function cell(row)
  local part = row and score(row.came, row.n)
  if not part then
    return "  "
  end
  local text = shades[part >= 1 and 5 or 1 + math.floor(part * 4)]
  return part >= 1 and term.paint("green", text) or part < 0.5 and term.paint("red", text) or text
end

-- A week a line, from Monday.
local function print_calendar(days)
  local by_day = {}
  for _, row in ipairs(days) do
    by_day[row.day] = row
  end
  local first = days[1].day - select(4, sw.time.date(days[1].day))
  term.line("            Mo Tu We Th Fr Sa Su")
  for monday = first, days[#days].day, 7 do
    local cells = {}
    for i = 0, 6 do
      cells[i + 1] = cell(by_day[monday + i])
    end
    term.line("%s  %s", sw.time.day_text(monday), table.concat(cells, " "))
  end
  term.line("            %s none  %s all of what was expected; blank: nothing was", shades[1], shades[5])
end

local function commonest(causes)
  local best
  for _, text in ipairs(schema.keys(causes)) do
    best = best and causes[best] >= causes[text] and best or text
  end
  return best and sw.sys.clean(best) or ""
end

local function print_people(days, metrics)
  local came, n = totals(days)
  if n == 0 then
    term.line("nothing was to be expected from %s to %s: a metric is, once it came on four of eight such "
      .. "weekdays", sw.time.day_text(days[1].day), sw.time.day_text(days[#days].day))
    return
  end
  term.line("%.1f %% of what was expected from %s to %s came\n", came * 100 / n,
    sw.time.day_text(days[1].day), sw.time.day_text(days[#days].day))
  print_calendar(days)
  term.line("")
  local rows = {}
  for i, m in ipairs(metrics) do
    local part = ("%.0f %%"):format(m.came * 100 / m.expected)
    rows[i] = { m.metric, m.expected, m.came, part, commonest(m.causes) }
  end
  term.table({ "metric", "expected", "came", "score", "mostly missing because" }, rows)
end

function command.run(ctx, words, options)
  local names, message, code = metrics_of(words)
  local span, days
  if names then
    span, message, code = span_of(ctx, options)
  end
  if span then
    days, message, code = expected.days(ctx, names, span.first, span.last)
  end
  if not days then
    return nil, message, code
  end
  local metrics = per_metric(days)
  if ctx.json then
    term.line("%s", json.encode(document(days, metrics)))
  else
    print_people(days, metrics)
  end
  return 0
end

return command

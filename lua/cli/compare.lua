-- syncwell compare: what two sources say of one metric, day by day, and how well they agree.
--   syncwell compare resting_heart_rate "Apple Watch" oura --svg agreement.svg
local agreement = require("agreement")
local chart = require("chart")
local data = require("data")
local schema = require("schema")
local source_days = require("source_days")
local spelling = require("box.spelling")
local svg = require("svg")
local term = require("term")
local when = require("when")

local json = sw.json

local command = {
  group = "data", summary = "how well two sources agree on a metric",
  usage = "METRIC SOURCE SOURCE [--from DAY] [--to DAY] [--svg FILE]",
  example = "syncwell compare steps phone \"Apple Watch\" --svg steps.svg\n"
    .. "syncwell compare heart_rate garmin apple --json",
  doc = "A source is the name of an origin, a provider, a maker or a class (watch, phone ...); where that "
    .. "is more than\none origin, each day is the best standing one's that has it. Compared are days both "
    .. "have: bias is the mean\nof first minus second, limits of agreement hold 95 % of the differences "
    .. "(1.96 standard\ndeviations). Without --from all days.",
  options = {
    from = { value = "DAY", doc = "first day" }, to = { value = "DAY", doc = "last day, with it" },
    svg = { value = "FILE", doc = "draw the differences against the means there" },
  },
}

command.words = { SOURCE = "sources" }

local FIRST, LAST = sw.time.day(1900, 1, 3), sw.time.day(2079, 6, 1)

local function answers_to(o, word)
  for _, key in ipairs { "name", "provider", "maker", "model", "class" } do
    if o[key] ~= "" and spelling.same(o[key], word) then
      return true
    end
  end
  return ("%x"):format(o.id) == word:lower()
end

local function names_of(origins)
  local seen, list = {}, {}
  for _, o in ipairs(origins) do
    for _, name in ipairs { o.name, o.provider, o.maker, o.class } do
      if name ~= "" and not seen[name] then
        seen[name], list[#list + 1] = true, name
      end
    end
  end
  return list
end

-- Origins of a source in the order of their standing, which is theirs already.
local function source_of(ctx, word)
  local all, list = sw.store.origins(ctx.who), {}
  for _, o in ipairs(all) do
    if answers_to(o, word) then
      list[#list + 1] = o
    end
  end
  if #list == 0 then
    local names = names_of(all)
    return nil, ("there is no source '%s'%s; there are: %s"):format(word, schema.did_you_mean(word, names),
      sw.sys.clean(table.concat(names, ", "))), "usage"
  end
  return list
end

local function days_of(ctx, m, origins, first, last)
  local by_day, list = {}, {}
  local days, message, code = source_days.new(ctx, m, first, last)
  if not days then
    return nil, message, code
  end
  for _, o in ipairs(origins) do
    local rows
    rows, message, code = days.of(o.id)
    if not rows then
      return nil, message, code
    end
    for _, r in ipairs(rows) do
      if r.value and not by_day[r.day] then
        by_day[r.day] = true
        list[#list + 1] = { day = r.day, value = r.value }
      end
    end
  end
  table.sort(list, function(a, b) return a.day < b.day end)
  return list
end

local function day_texts(days)
  local out = json.list()
  for i, day in ipairs(days) do
    out[i] = sw.time.day_text(day)
  end
  return out
end

local function document(r)
  local both = json.list()
  for i, p in ipairs(r.both) do
    both[i] = { day = sw.time.day_text(p.day), a = p.a, b = p.b, difference = p.a - p.b }
  end
  local s = r.stats
  return { metric = r.metric.name, unit = r.metric.unit, a = r.names[1], b = r.names[2], n = s.n,
    bias = s.bias or json.null, sd = s.sd or json.null, limit_low = s.low or json.null,
    limit_high = s.high or json.null, correlation = s.correlation or json.null,
    mean_a = s.mean_a or json.null, mean_b = s.mean_b or json.null, only_a = day_texts(r.only[1]),
    only_b = day_texts(r.only[2]), days = both }
end

local function signed(m, v)
  return v < 0 and "-" .. data.text(m, -v) or data.text(m, v)
end

local function print_days(r)
  local rows = {}
  for i = math.max(1, #r.both - 13), #r.both do
    local p = r.both[i]
    rows[#rows + 1] = { sw.time.day_text(p.day), data.text(r.metric, p.a), data.text(r.metric, p.b),
      signed(r.metric, p.a - p.b) }
  end
  term.table({ "day", r.names[1], r.names[2], "difference" }, rows)
  if #r.both > #rows then
    term.line("... and %d days before; --json has all", #r.both - #rows)
  end
end

local function print_chart(r)
  local first, last = r.both[1].day, r.both[#r.both].day
  local values = {}
  for _, p in ipairs(r.both) do
    values[p.day - first + 1] = p.a - p.b
  end
  term.line("\ndifference, day by day")
  for _, text in ipairs(chart.lines(values, last - first + 1, { height = 7, first = sw.time.day_text(first),
    last = sw.time.day_text(last) })) do
    term.line("%s", text)
  end
end

-- Days that only one of them has; of many the newest.
local function print_alone(name, days)
  local texts = {}
  for i = math.max(1, #days - 5), #days do
    texts[#texts + 1] = sw.time.day_text(days[i])
  end
  term.line("only %s: %d day%s%s%s", sw.sys.clean(name), #days, #days == 1 and "" or "s",
    #days > 6 and ", the last: " or #days > 0 and ": " or "", table.concat(texts, " "))
end

local function print_people(r)
  local m, s = r.metric, r.stats
  term.line("%s: %s against %s", m.title, sw.sys.clean(r.names[1]), sw.sys.clean(r.names[2]))
  term.line("days both have: %d", s.n)
  print_alone(r.names[1], r.only[1])
  print_alone(r.names[2], r.only[2])
  if s.n == 0 then
    return
  end
  term.line("")
  print_days(r)
  if s.n > 1 then
    print_chart(r)
  end
  term.line("\nbias         %s (mean %s against %s)", signed(m, s.bias), data.text(m, s.mean_a),
    data.text(m, s.mean_b))
  if s.sd then
    term.line("limits       %s to %s hold 95 %% of the differences", signed(m, s.low), signed(m, s.high))
  end
  term.line("correlation  %s", s.correlation and ("%.3f"):format(s.correlation) or "unknown of so little")
end

local function picture(r)
  local points, lines, s = {}, {}, r.stats
  for i, p in ipairs(r.both) do
    points[i] = { (p.a + p.b) / 2, p.a - p.b, sw.time.day_text(p.day) }
  end
  for _, l in ipairs { { "bias", "bias" }, { "low", "-1.96 SD" }, { "high", "+1.96 SD" } } do
    local at = s[l[1]]
    lines[#lines + 1] = at and { at, ("%s %.4g"):format(l[2], at) } or nil
  end
  local title = ("%s: %s against %s, %d days"):format(r.metric.title, r.names[1], r.names[2], s.n)
  return svg.scatter { title = title, x = ("mean of both (%s)"):format(r.metric.unit),
    y = "first minus second", points = points, lines = lines }
end

local function gather(ctx, words, options)
  local m, message, code = data.metric(words[1])
  if not m then
    return nil, message, code
  end
  local span, wrong, kind = when.range(ctx, options, FIRST, LAST)
  if not span then
    return nil, wrong, kind
  end
  local sides = {}
  for i = 1, 2 do
    local origins, why, which = source_of(ctx, words[i + 1])
    local days = origins and days_of(ctx, m, origins, span.first, span.last)
    if not days then
      return nil, why or "the days cannot be read", which
    end
    sides[i] = days
  end
  local both, only_a, only_b = agreement.pair(sides[1], sides[2])
  return { metric = m, names = { words[2], words[3] }, both = both, only = { only_a, only_b },
    stats = agreement.of(both) }
end

function command.run(ctx, words, options)
  if not words[3] then
    return nil, "compare needs a metric and two sources (origins, providers, makers or classes)", "usage"
  end
  local r, message, code = gather(ctx, words, options)
  if not r then
    return nil, message, code
  end
  if options.svg then
    local ok, why, kind = sw.fs.write(options.svg, picture(r), tonumber("600", 8))
    if not ok then
      return nil, why, kind
    end
  end
  if ctx.json then
    term.line("%s", json.encode(document(r)))
  else
    print_people(r)
  end
  return 0
end

return command

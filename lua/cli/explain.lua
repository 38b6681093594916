-- syncwell explain: why a number is what it is.
--   syncwell explain steps 2026-03-29
local data = require("data")
local echoes = require("echoes")
local grouping = require("grouping")
local home = require("home")
local night_reasons = require("night_reasons")
local raw_item = require("raw_item")
local record = require("record")
local term = require("term")
local when = require("when")

local json = sw.json

local command = {
  group = "data", summary = "why a number is what it is", usage = "METRIC [DAY] [--all] | ID",
    example = "syncwell explain steps 2026-03-29",
  doc = "Lists the samples of the day by origin: which were used, which were passed over, and behind whom,\n"
    .. "and the totals that were stated for it; of sleep, the records of that day in the same way.\n"
    .. "Of a record: its members, and what services said of it as far as that is kept (30 days).",
  options = { all = { doc = "every sample instead of the first 40 of each origin" } },
}

local function names(ctx)
  local list = {}
  for _, o in ipairs(sw.store.origins(ctx.who)) do
    list[o.id] = o
  end
  return list
end

local function name_of(list, id)
  local o = list[id]
  return o and sw.sys.clean(o.name ~= "" and o.name or o.maker) or ("origin %x"):format(id)
end

-- The stated total that stands for the day, if one does.
local function total_of(steps)
  for _, s in ipairs(steps) do
    if s.stated and s.share > 0 then
      return s
    end
  end
end

local function why_total(step, list)
  if step.share > 0 then
    return "used"
  end
  return ("passed over: what %s says stands better, or is more"):format(name_of(list, step.behind))
end

local function why(step, list, total)
  if step.stated then
    return why_total(step, list)
  elseif total then
    return ("passed over: the day's total of %s is more"):format(name_of(list, total.origin))
  elseif step.share >= 1 then
    return "used"
  elseif step.share <= 0 then
    return "passed over: " .. name_of(list, step.behind) .. " was there"
  end
  return ("used %.0f %%, the rest was covered by %s"):format(step.share * 100, name_of(list, step.behind))
end

-- What came of each origin; a stated total stands for the samples there are.
local function per_origin(steps)
  local sums, order, total = {}, {}, total_of(steps)
  for _, s in ipairs(steps) do
    local o = sums[s.origin]
    if not o then
      o = { origin = s.origin, samples = 0, stated = 0, used = 0 }
      sums[s.origin], order[#order + 1] = o, o
    end
    if not s.stated then
      o.samples, o.stated = o.samples + 1, o.stated + s.value
    end
    if s.stated or not total then
      o.used = o.used + s.value * s.share
    end
  end
  return order
end

local function fetched(ctx, came)
  return sw.time.iso(came.fetched // 1000 * 1000, home.offset(ctx, came.fetched))
end

-- What the services said of the members, as far as it is kept.
local function as_they_came(ctx, members)
  local list = json.list()
  for _, m in ipairs(members) do
    local came = raw_item.of(ctx, m)
    if came then
      list[#list + 1] = { record = ("%x"):format(m.id), connection = came.connection, item = came.item,
        resource = came.resource, fetched = fetched(ctx, came), mapping = came.mapping }
    end
  end
  return list
end

local function print_record(members, came, kind, id)
  term.line("%s %s, %d member%s; the best standing origin speaks first", kind, id, #members,
    #members == 1 and "" or "s")
  local list = {}
  for i, m in ipairs(members) do
    list[i] = { sw.time.iso(m.start, m.offset_start), m.type, m.origin ~= "" and m.origin or m.provider,
      m.standing, m.external_id }
  end
  term.table({ "start", "type", "origin", "standing", "external id" }, list)
  for _, c in ipairs(came) do
    term.line("\nas %s gave it (%s, fetched %s, record %s):\n%s", c.connection, c.resource, c.fetched,
      c.record, sw.sys.clean(json.encode(c.item)))
  end
end

local function print_sent(ctx, sent)
  for _, s in ipairs(sent) do
    term.line("\nwritten to %s (%s, %s)%s", s.connection, s.what or "entry", sw.time.iso(s.at // 1000 * 1000,
      home.offset(ctx, s.at)), s.came and ("; it came back through %s and was left out, known by %s"):format(
      s.came.connection, s.came.by) or "")
  end
end

local function explain_record(ctx, id)
  id = grouping.resolve(ctx, id)
  local members, message, code = grouping.members(ctx, id)
  if not members then
    message = code == "notfound" and ("there is neither a metric nor a record '%s'"):format(id) or message
    return nil, message, code
  end
  local group, kind = members[1].group, members[1].kind
  local came, sent = as_they_came(ctx, members), echoes.made_from(ctx, ("%x"):format(group))
  if ctx.json then
    local view = record.merged(table.move(members, 1, #members, 1, {}))
    term.line("%s", json.encode { group = view, members = json.list(members), came = came, sent = sent })
    return 0
  end
  print_record(members, came, kind, id)
  print_sent(ctx, sent)
  return 0
end

local function print_people(m, day, steps, list, all)
  for _, o in ipairs(per_origin(steps)) do
    local sums = m.kind == "cumulative" and (", %s stated, %s used"):format(data.text(m, o.stated),
      data.text(m, o.used)) or ""
    term.line("%s: %d sample%s%s", name_of(list, o.origin), o.samples, o.samples == 1 and "" or "s", sums)
  end
  term.line("")
  local rows, seen, total = {}, {}, total_of(steps)
  for _, s in ipairs(steps) do
    seen[s.origin] = (seen[s.origin] or 0) + 1
    if all or seen[s.origin] <= 40 then
      rows[#rows + 1] = { s.stated and "day" or when.clock(s.start, s.offset),
        s.stated and "" or when.clock(s.start + s.dur, s.offset), name_of(list, s.origin),
        ("%.6g"):format(s.value), why(s, list, total) }
    end
  end
  term.table({ "from", "to", "origin", m.unit, "what became of it" }, rows)
  if #rows < #steps then
    term.line("... %d more; --all shows them (%s)", #steps - #rows, sw.time.day_text(day))
  end
end

-- Metrics of the night come from records: nil for all others.
local function nights_of(ctx, m, day)
  return m.name:find("^sleep_") and m.name ~= "sleep_score" and night_reasons.of(ctx, day) or nil
end

local function print_nights(nights)
  local rows = {}
  for i, n in ipairs(nights) do
    local start = n.start:sub(1, 16):gsub("T", " ")
    rows[i] = { start, n.finish:sub(12, 16), n.origin, n.asleep_s
      and term.duration(n.asleep_s) or "", n.in_bed_s and term.duration(n.in_bed_s) or "", n.reason }
  end
  term.table({ "start", "finish", "origin", "asleep", "in bed", "what became of it" }, rows)
end

local function document(m, day, row, steps, list, nights)
  local intervals, totals, total = json.list(), json.list(), total_of(steps)
  for _, s in ipairs(steps) do
    local one = { origin = name_of(list, s.origin), value = s.value, reason = why(s, list, total) }
    one.share = total and not s.stated and 0 or s.share
    if s.stated then
      totals[#totals + 1] = one
    else
      one.start, one.finish = sw.time.iso(s.start, s.offset), sw.time.iso(s.start + s.dur, s.offset)
      intervals[#intervals + 1] = one
    end
  end
  return json.encode { metric = m.name, day = sw.time.day_text(day), value = row and row.value or json.null,
    unit = m.unit, intervals = intervals, totals = totals, nights = nights and json.list(nights) }
end

local function print_day(m, day, row, steps, list, nights, all)
  term.line("%s on %s: %s", m.title, sw.time.day_text(day), row and data.text(m, row.value) or "nothing")
  if #steps > 0 then
    print_people(m, day, steps, list, all)
  elseif not row and not (nights and nights[1]) then
    term.line("no samples on that day")
  end
  if nights and nights[1] then
    term.line("\nSleeps of that day; stages come from the best standing origin that knows them:")
    print_nights(nights)
  end
end

function command.run(ctx, words, options)
  if not words[1] then
    return nil, "explain needs a metric and a day, or the id of a record", "usage"
  end
  local m, message, code = data.metric(words[1])
  if not m then
    if words[1]:find("^%x+$") and #words[1] > 6 then
      return explain_record(ctx, words[1])
    end
    return nil, message, code
  end
  local text = table.concat(words, " ", 2)
  local day = words[2] and when.day(ctx, text) or not words[2] and home.day(ctx, sw.time.now())
  if not day then
    return nil, ("'%s' is not a day I understand"):format(text), "usage"
  end
  local rows, why_not, kind = data.daily(ctx, m.name, day, day)
  if not rows then
    return nil, why_not, kind
  end
  local steps
  steps, why_not, kind = sw.store.explain(ctx.who, ctx.zone, m.name, day)
  if not steps then
    return nil, why_not, kind
  end
  local list, nights = names(ctx), nights_of(ctx, m, day)
  if ctx.json then
    term.line("%s", document(m, day, rows[1], steps, list, nights))
  else
    print_day(m, day, rows[1], steps, list, nights, options.all)
  end
  return 0
end

return command

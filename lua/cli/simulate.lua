-- syncwell simulate: days played forward through your rules, on a clock of its own; nothing is sent.
--   syncwell simulate   |   syncwell simulate hydrate --from 2026-03-01 --days 7   |   --event event.json
local home = require("home")
local schema = require("schema")
local simulation = require("simulation")
local term = require("term")
local triggers = require("triggers")
local when = require("when")

local json = sw.json

local command = {
  group = "rules", summary = "play days forward through your rules",
  usage = "[RULE...] [--from DAY] [--days N] [--event FILE]",
  example = "syncwell simulate\nsyncwell simulate hydrate --from 2026-03-01 --days 7\n"
    .. "syncwell simulate --from today --days 2 --event event.json",
  doc = "Plays what is stored, as it became known, through the rules as they are now, in a copy: what\n"
    .. "would fire, wait and be held, day by day. Nothing is sent and nothing changes. Rules that are named\n"
    .. "are played also while they are off. A file of --event has one JSON object a line: event\n"
    .. "(\"workout.created\"), at (a time), and its fields as in records --json.",
  options = {
    from = { value = "DAY", doc = "the first day (default: a week ago)" },
    days = { value = "N", doc = "how many days (default: until now, at most 31)" },
    event = { value = "FILE", doc = "also what did not happen: events, one JSON object a line" },
  },
}

local DAYS_MOST, LENGTH_MOST_S = 366, 31 * 86400

local function span_of(ctx, options)
  local today = home.day(ctx, sw.time.now())
  local first = today - 7
  if options.from then
    first = when.span(ctx, options.from)
  end
  local n = options.days and math.tointeger(tonumber(options.days)) or not options.days and first
    and math.max(1, math.min(31, today - first + 1))
  if not first then
    return nil, ("--from: '%s' is not a day"):format(options.from), "usage"
  elseif not n or n < 1 or n > DAYS_MOST then
    return nil, ("--days takes a number from 1 to %d"):format(DAYS_MOST), "usage"
  end
  local to = sw.time.day_start(ctx.zone, first + n) - 1
  return sw.time.day_start(ctx.zone, first), options.days and to or math.min(to, sw.time.now())
end

-- A view of a record that only this simulation knows, from a line of the file.
local function view_of(o, at, n)
  local kind = o.event:match("^(%l+)%.") or "event"
  local length = o.elapsed_s or o.asleep_s or o.in_bed_s or 0
  local e = { kind = kind, type = o.sport or o.type or kind, start = at - length * 1000 // 1 | 0, finish = at,
    offset_start = 0, offset_finish = 0, provider = o.provider, providers = { o.provider }, maker = o.maker,
    origin = "event " .. n, attributes = {} }
  for key, value in pairs(o) do
    if key ~= "event" and key ~= "at" and e[key] == nil then
      e.attributes[key] = value
    end
  end
  return e
end

-- Why a line is no event that could come; nil when it is one.
local function event_problem(o)
  local problem = triggers.problem({}, { kind = "event", event = o.event })
  for _, name in ipairs { "elapsed_s", "asleep_s", "in_bed_s" } do
    local s = o[name]
    if s ~= nil and not (type(s) == "number" and s >= 0 and s <= LENGTH_MOST_S) then
      problem = problem or ("%s is a number of seconds, at most %d days"):format(name, LENGTH_MOST_S // 86400)
    end
  end
  for _, name in ipairs { "sport", "type", "provider", "maker" } do
    if o[name] ~= nil and type(o[name]) ~= "string" then
      problem = problem or name .. " is a text"
    end
  end
  return problem
end

local function extra_of(ctx, path)
  local text, message, code = sw.fs.read(path, 1 << 20)
  local list, n = {}, 0
  for line in (text or ""):gmatch("[^\n]+") do
    n = n + 1
    local o, why = json.decode(line)
    local at = type(o) == "table" and type(o.at) == "string" and sw.time.parse(o.at)
    if type(o) ~= "table" or type(o.event) ~= "string" or not at then
      return nil, ("%s:%d: %s"):format(path, n, why or 'an event is {"event": "workout.created", "at": '
        .. '"2026-03-01T08:00:00Z", ...}'), "bad"
    end
    local problem = event_problem(o)
    if problem then
      return nil, ("%s:%d: %s"):format(path, n, problem), "bad"
    end
    local view = view_of(o, at, n)
    view.offset_start, view.offset_finish = home.offset(ctx, view.start), home.offset(ctx, at)
    view.day = sw.time.day_text(home.day(ctx, at))
    list[#list + 1] = { at = at, event = o.event, group = "event" .. n, data = view }
  end
  return text and list, message, code
end

local function words_of(ctx, args)
  local list = {}
  for _, name in ipairs(schema.keys(args or {})) do
    local v = args[name]
    v = name == "at" and sw.time.iso(v // 1000 * 1000, home.offset(ctx, v)) or v
    list[#list + 1] = name .. " = " .. (type(v) == "table" and json.encode(v) or tostring(v))
  end
  return sw.sys.clean(table.concat(list, ", ")):sub(1, 160)
end

local function what(t)
  local is_record = t and t.type and t.type ~= t.kind and t.kind ~= "series"
  return t and (is_record and t.kind .. " " .. t.type or t.type or t.kind) or ""
end

local say = {}

function say.fires(_, e)
  return "fires", what(e.event) .. (e.state and e.state ~= "done" and ", " .. e.state or "")
end

function say.retracts(_, e)
  return "takes back", what(e.event)
end

function say.held(_, e)
  return "held", e.why
end

function say.waits(ctx, e)
  local ended = e.ended and (e.came and "until it came " or "until ") .. sw.time.iso(e.ended // 1000 * 1000,
    home.offset(ctx, e.ended)):sub(1, 16):gsub("T", " ") or "beyond the end"
  return "waits", (e.action == "wait_for" and "for an event, " or "") .. ended
end

function say.action(ctx, e)
  return e.action, words_of(ctx, e.args)
end

local function show(ctx, entries)
  local day
  for _, e in ipairs(entries) do
    local iso = sw.time.iso(e.at // 1000 * 1000, home.offset(ctx, e.at))
    if iso:sub(1, 10) ~= day then
      day = iso:sub(1, 10)
      term.line("%s", day)
    end
    local word, more = say[e.what](ctx, e)
    term.line("  %s  %-18s %-12s %s", iso:sub(12, 16), e.rule, word, more)
  end
  if #entries == 0 then
    term.line("nothing would fire; `syncwell rules why RULE` tells what stands in the way")
  end
end

local function public(ctx, entries)
  local list = json.list()
  for i, e in ipairs(entries) do
    e.at = sw.time.iso(e.at, home.offset(ctx, e.at))
    e.ended = e.ended and sw.time.iso(e.ended, home.offset(ctx, e.ended)) or nil
    list[i] = e
  end
  return list
end

function command.run(ctx, words, options)
  local first, last, code = span_of(ctx, options)
  if not first then
    return nil, last, code
  end
  local extra, message
  if options.event then
    extra, message, code = extra_of(ctx, options.event)
    if not extra then
      return nil, message, code
    end
  end
  local sim
  sim, message, code = simulation.open(ctx, words)
  if not sim then
    return nil, message, code
  end
  local entries
  local bar = term.progress("playing days", term.number)
  entries, message, code = sim:play(first, last, extra, bar.show)
  bar.clear()
  sim:close()
  if not entries then
    return nil, message, code
  elseif ctx.json then
    term.line("%s", json.encode(public(ctx, entries)))
  else
    term.line("%s to %s, played and not done", sw.time.day_text(home.day(ctx, first)),
      sw.time.day_text(home.day(ctx, last)))
    show(ctx, entries)
  end
  return 0
end

return command

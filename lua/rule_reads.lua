-- What ctx.series, ctx.records, ctx.count and ctx.goal tell a rule at an instant: no more than it says it
-- reads, nothing that came later; a goal is the present one. A list that is longer than a frame holds goes
-- out in pages.
--   rule_reads.read(ctx, rule, "series", { metric = "steps", last_s = 604800 }, at) --> rows | nil, why not
local capabilities = require("capabilities")
local data = require("data")
local home = require("home")
local kept_groups = require("kept_groups")
local record = require("record")
local schema = require("schema")

local rule_reads = {}

local HOURS_MOST_DAYS, RAW_MOST, RECORDS_MOST = 62, 1000, 5000 -- each row is a table in the worker
local DAY_MS, LATE_MS = 86400000, 15 * 60000
local FEW = 20 -- runs of a batch: more of them read once what there is to count
local EVER_MS = -2208988800000 -- 1900
local PAGE_BYTES = 192 << 10 -- of the 256 KB that an answer may have

local function span_of(ctx, args, at)
  local to = args.to and args.to or at
  local from = args.from or to - math.floor((args.last_s or 7 * 86400) * 1000)
  return from, to, home.day(ctx, from), home.day(ctx, to)
end

local function last_days(ctx, args, at)
  local _, _, first, last = span_of(ctx, args, at)
  if args.last_s and not args.from and not args.to then
    first = last - math.max(1, args.last_s // 86400) + 1
  end
  return math.tointeger(first) or first, math.tointeger(last) or last
end

local as_it_is = { daily = data.daily, hours = data.hours }
local as_it_was = { daily = data.daily_at, hours = data.hours_at }

-- Of an instant that is long over a rule reads what was known then, not what came later that day.
local function stored(ctx, args, read, first, last, at)
  if sw.time.now() - at > LATE_MS then
    return as_it_was[read](ctx, args.metric, first, last, at)
  end
  return as_it_is[read](ctx, args.metric, first, last)
end

local function public(rows, by_hour)
  local out = {}
  for i, r in ipairs(rows) do
    out[i] = { day = r.day and sw.time.day_text(r.day), hour = r.hour and sw.time.iso(r.hour, 0):sub(1, 16),
      value = r.value, n = r.n, min = r.min, max = r.max, last = by_hour and r.last or nil }
  end
  return out
end

local every = {}

function every.day(ctx, args, at)
  local first, last = last_days(ctx, args, at)
  local rows, message = stored(ctx, args, "daily", first, last, at)
  return rows and public(rows), message
end

-- Rows with the local hour they begin at.
function every.hour(ctx, args, at)
  local first, last = last_days(ctx, args, at)
  local rows, message = stored(ctx, args, "hours", math.max(first, last - HOURS_MOST_DAYS), last, at)
  return rows and public(rows, true), message
end

local first_day = {}

function first_day.week(day)
  return day - (day + 3) % 7 -- weeks begin on Monday
end

function first_day.month(day)
  local year, month = sw.time.date(day)
  return sw.time.day(year, month, 1)
end

-- Days gathered under the first day of their week or month.
local function gathered(name, rows, first_of)
  local m, out = data.metric(name), {}
  for _, r in ipairs(rows) do
    local day, g = first_of(r.day), out[#out]
    if not g or g.day ~= day then
      g = { day = day, n = 0, sum = 0, min = r.min, max = r.max }
      out[#out + 1] = g
    end
    g.n, g.sum, g.last = g.n + r.n, g.sum + r.sum, r.last
    g.min, g.max = math.min(g.min, r.min), math.max(g.max, r.max)
  end
  for _, g in ipairs(out) do
    data.complete(m, g)
  end
  return out
end

for name, first_of in pairs(first_day) do
  every[name] = function(ctx, args, at)
    local first, last = last_days(ctx, args, at)
    local rows, message = stored(ctx, args, "daily", first, last, at)
    return rows and public(gathered(args.metric, rows, first_of)), message
  end
end

-- The origins of a maker, nil when any is wanted.
local function makers_origins(ctx, maker)
  local set = maker and {}
  for _, o in ipairs(maker and sw.store.origins(ctx.who) or {}) do
    set[("%x"):format(o.id)] = o.maker == maker or nil
  end
  return set
end

-- Samples of a part of a day, of every origin (or those of `only`), by their time.
local function samples(ctx, metric, from, to, only)
  local text, message = sw.store.raw(ctx.who, metric, from, to)
  if not text then
    return nil, message
  end
  local list = {}
  for line in text:gmatch("[^\n]+") do
    local s = sw.json.decode(line)
    local row = { start = s.start, finish = s.finish, value = s.value, origin = s.origin_id,
      at = sw.time.parse(s.start), known = sw.time.parse(s.finish or s.start) }
    list[#list + 1] = (not only or only[s.origin_id]) and row or nil
  end
  table.sort(list, function(a, b)
    return a.at < b.at or a.at == b.at and (a.origin or 0) < (b.origin or 0)
  end)
  return list
end

-- "1772352000000.3": three samples of that instant were given already.
local function cursor_of(text)
  local at, passed = tostring(text or ""):match("^(%d+)%.(%d+)$")
  return math.tointeger(tonumber(at)), math.tointeger(tonumber(passed))
end

-- As it was measured, a page at a time: what two devices say stands there twice.
function every.raw(ctx, args, at)
  local m, why = data.metric(args.metric)
  local from, to = span_of(ctx, args, at)
  local begin, passed = cursor_of(args.cursor)
  if not m then
    return nil, why
  elseif args.cursor and not begin then
    return nil, "cursor is what the page before gave: { cursor = page.cursor }"
  end
  local most, only = math.max(1, math.min(args.limit or RAW_MOST, RAW_MOST)), makers_origins(ctx, args.maker)
  local rows, given = {}, { at = begin, n = passed or 0 }
  for part = begin or from, math.min(to, at), DAY_MS do
    local list, message = samples(ctx, m.name, part, math.min(part + DAY_MS, to, at), only)
    if not list then
      return nil, message
    end
    local again = part == begin and passed or 0
    for _, s in ipairs(list) do
      if again > 0 and s.at == begin then
        again = again - 1
      elseif s.known <= at and #rows == most then
        return { rows = rows, cursor = ("%d.%d"):format(given.at, given.n) }
      elseif s.known <= at then
        given = { at = s.at, n = given.at == s.at and given.n + 1 or 1 }
        s.at, s.known = nil, nil
        rows[#rows + 1] = s
      end
    end
  end
  return { rows = rows }
end

local reads = {}

function reads.series(ctx, args, at)
  if args.every ~= "raw" and (args.cursor or args.limit or args.maker) then
    return nil, "maker, limit and cursor are for every = \"raw\"; the others are one truth and come whole"
  end
  return every[args.every or "day"](ctx, args, at)
end

-- What the user wants of a day: { target } in the metric's unit, empty without a goal.
function reads.goal(ctx, args)
  local m, why = data.metric(args.metric)
  if not m then
    return nil, why
  end
  local doc = sw.store.doc(ctx.who, "goal", m.name)
  return { target = doc and doc.body.target }
end

local of_metric = { series = true, goal = true }

local function fits(v, args, at)
  if v.finish > at or args.sport and v.attributes.sport ~= args.sport then
    return false
  end
  local made = not args.maker
  for _, maker in ipairs(v.makers or { v.maker }) do
    made = made or maker == args.maker
  end
  for name, wanted in pairs(args.where or {}) do
    made = made and v.attributes[name] == wanted
  end
  return made
end

local function asked_for(ctx, args, at, kept)
  local from, to = span_of(ctx, args, at)
  local views, message = (kept or kept_groups.new(ctx, to, 1)).views(args.kind, from, to)
  local list = {}
  for _, v in ipairs(views or {}) do
    list[#list + 1] = fits(v, args, at) and v or nil
  end
  return views and list, message
end

-- Of a group that was over only in part the best member has the word.
local function was_over(ctx, group, from, to, at)
  local members = {}
  for _, r in ipairs(sw.store.records(ctx.who, { group = group, bare = true }) or {}) do
    members[#members + 1] = r.start >= from and r.start < to and r or nil
  end
  return #members > 0 and record.merged(members).finish <= at
end

-- How many there are in all is counted where they lie: that of ten years need not be read.
local function count_all(ctx, args, at)
  local from, to = span_of(ctx, args, at)
  at = ctx.playing and math.min(at, sw.time.now()) or at
  local c, message = sw.store.count(ctx.who, args.kind, from, to, at)
  local n = c and c.over
  for _, group in ipairs(c and c.open or {}) do
    n = n + (was_over(ctx, group, from, to, at) and 1 or 0)
  end
  return n, message
end

function reads.count(ctx, args, at, kept)
  args.from = args.from or not args.last_s and EVER_MS or nil
  if not (args.sport or args.maker or args.where or kept and kept.runs > FEW) then
    return count_all(ctx, args, at)
  end
  local list, message = asked_for(ctx, args, at, kept)
  return list and #list, message
end

-- The newest `limit` of those that are asked for, the oldest of them first.
function reads.records(ctx, args, at, kept)
  local list, message = asked_for(ctx, args, at, kept)
  if not list then
    return nil, message
  end
  local most = math.max(1, math.min(args.limit or 500, RECORDS_MOST))
  return #list <= most and list or table.move(list, #list - most + 1, #list, 1, {})
end

-- What a declaration lists under `reads` is all that its rule is told; without a list it is everything.
local function withheld(rule, name, args)
  local what = type(args) == "table" and args[of_metric[name] and "metric" or "kind"]
  if rule and not capabilities.allows(rule.declaration, "read", tostring(what)) then
    return ("this rule does not say that it reads '%s'; add it to: reads = { ... }"):format(tostring(what))
  end
end

-- About what a value takes in a frame.
local function bytes_of(value)
  if type(value) ~= "table" then
    return type(value) == "string" and #value + 5 or 10
  end
  local sum = 10
  for key, one in pairs(value) do
    sum = sum + (type(key) == "string" and #key + 2 or 2) + bytes_of(one)
  end
  return sum
end

-- The list where it fits, else { rows, more }: what follows the first `after`, as much as goes into a page.
local function page_of(list, after)
  local room, last = PAGE_BYTES, after
  repeat
    last = last + 1
    room = room - bytes_of(list[last])
  until room < 0 or last >= #list
  if room < 0 and last > after + 1 then
    last = last - 1
  end
  if after == 0 and last >= #list then
    return list
  end
  return { rows = table.move(list, after + 1, last, 1, {}), more = last < #list }
end

-- The list whose pages are being asked for, until the last of them went out: read once, and the same for all
-- of them. One at a time; of any other it is read again for each page.
local under_way = {}

-- What is asked, as a text.
local function in_words(value)
  if type(value) ~= "table" then
    return ("%q"):format(value)
  end
  local parts = {}
  for _, key in ipairs(schema.keys(value)) do
    parts[#parts + 1] = ("%q=%s"):format(key, in_words(value[key]))
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local function page(ctx, name, args, at, kept)
  local after = math.tointeger(args.after) or 0
  args.after = nil -- the rest is the same for every page
  local asked = table.concat({ name, tostring(ctx), tostring(at), in_words(args) }, " ")
  local list, message = after > 0 and under_way.asked == asked and under_way.list or nil, nil
  if not list then
    list, message = reads[name](ctx, args, at, kept)
  end
  if type(list) ~= "table" or list.rows or name == "goal" then
    return list, message
  end
  local out = page_of(list, math.max(0, math.min(after, #list)))
  under_way = out.more and { asked = asked, list = list } or {}
  return out
end

-- What a rule reads at an instant; nil and why not. kept: what others of its batch read (kept_groups.lua).
function rule_reads.read(ctx, rule, name, args, at, kept)
  local refusal = not reads[name] and ("%s is not available to rules"):format(name)
    or withheld(rule, name, args)
  if refusal then
    return nil, refusal
  end
  return page(ctx, name, args or {}, at, kept)
end

return rule_reads

-- Gates that depend on what a rule did before and on the hour: cooldown, max_per, quiet hours, and max_age of
-- what a day asks for. The others (filters, max_age of events, when) are judged in the box.
--   gates.closed(ctx, rule, recent, at) --> nil, or why it may not fire now     recent: instants it fired at
--   gates.quiet_until(ctx, rule, at)    --> ms: a message waits until then | nil
local home = require("home")

local gates = {}

local RECENT_MOST = 200

local units = { s = 1, min = 60, h = 3600, d = 86400, w = 604800 }

local function seconds(text)
  if type(text) == "number" then
    return text
  end
  local n, unit = tostring(text):match("^(%d+%.?%d*)%s*(%a+)$")
  return n and units[unit] and tonumber(n) * units[unit] or 0
end

local function cooldown_ms(rule)
  return rule.declaration.cooldown and math.floor(seconds(rule.declaration.cooldown) * 1000) or 0
end

local periods = {}

-- The first instant of a period and that after it. Late data fires at its own time, so what counts may lie
-- behind it.
function periods.hour(_, at)
  return at - 3600000 + 1, at + 3600000
end

local function days(ctx, first, last)
  return sw.time.day_start(ctx.zone, first), sw.time.day_start(ctx.zone, last + 1)
end

function periods.day(ctx, at)
  local day = home.day(ctx, at)
  return days(ctx, day, day)
end

function periods.week(ctx, at)
  local day = home.day(ctx, at)
  local monday = day - (day + 3) % 7
  return days(ctx, monday, monday + 6)
end

function periods.month(ctx, at)
  local year, month = sw.time.date(home.day(ctx, at))
  return days(ctx, sw.time.day(year, month, 1), sw.time.day(year + month // 12, month % 12 + 1, 1) - 1)
end

-- "3/day": how many of which period; nil, and a sentence for what is no such text.
local function quota(text)
  local n, period = text:match("^(%d+)/(%a+)$")
  if not n or not periods[period] then
    return nil, ("max_per: '%s' is not like \"3/day\" (hour, day, week or month)"):format(text)
  elseif #n > 4 or tonumber(n) > RECENT_MOST then
    return nil, ("max_per: '%s' is more than the last %d firings, which is how far a rule remembers: write "
      .. "less or leave it out"):format(text, RECENT_MOST)
  end
  return tonumber(n), periods[period]
end

-- How many firings lie in [from, to).
local function count(recent, from, to)
  local n = 0
  for _, fired_at in ipairs(recent) do
    n = n + (fired_at >= from and fired_at < to and 1 or 0)
  end
  return n
end

function gates.closed(ctx, rule, recent, at)
  local ms, text = cooldown_ms(rule), rule.declaration.max_per
  if ms > 0 and count(recent, at - ms + 1, at + ms) > 0 then
    return "cooldown"
  end
  local most, period = quota(text or "1/day")
  return text and most and count(recent, period(ctx, at)) >= most and "max_per" or nil
end

-- Whether data of an instant is older than the rule's max_age allows.
function gates.too_old(rule, at, now)
  local most = rule.declaration.max_age
  return most ~= nil and now - at > seconds(most) * 1000
end

-- When the rule fired lately, the newest last.
function gates.recent(ctx, rule)
  local d = rule.declaration
  local doc = (d.cooldown or d.max_per) and sw.store.doc(ctx.who, "rule_last", rule.name)
  return doc and (doc.body.recent or { doc.body.at }) or {}
end

-- The document that remembers a firing at `at`.
function gates.remember(recent, at)
  recent[#recent + 1] = at
  while #recent > RECENT_MOST do
    table.remove(recent, 1)
  end
  return sw.json.encode { at = at, recent = sw.json.list(recent) }
end

local function minutes(text)
  local h, m = text:match("^(%d%d):(%d%d)$")
  return tonumber(h) * 60 + tonumber(m)
end

function gates.quiet_until(ctx, rule, at)
  local from, to = (rule.declaration.quiet_hours or ""):match("^(%d%d:%d%d)%-(%d%d:%d%d)$")
  if not from then
    return nil
  end
  local first, last, day = minutes(from), minutes(to), home.day(ctx, at)
  local now = (at // 60000 + home.offset(ctx, at)) % 1440
  local is_quiet = first <= last and now >= first and now < last or first > last and (now >= first
    or now < last)
  if not is_quiet then
    return nil
  end
  local ends = first > last and now >= first and day + 1 or day
  return sw.time.utc(ctx.zone, ends * 86400000 + last * 60000)
end

function gates.problem(declaration)
  if declaration.max_per then
    local _, why = quota(declaration.max_per)
    return type(why) == "string" and why or nil
  end
end

return gates

-- Which days of which metrics were to be expected, which came, and why the others may not have.
--   expected.days(ctx, metrics, first, last)
--     --> { { day, expected = { steps = true }, missing = { steps = "cause" }, came, n } ... }
-- A metric is expected on a weekday when it came on at least half of the eight such days before. So what is
-- measured on Mondays only is missed on Mondays only, and what is given up stops being missed by itself.
local connections = require("connections")
local data = require("data")

local expected = {}

local BACK, ENOUGH = 8, 4

local function present_days(ctx, metric, first, last)
  local rows, message, code = data.daily(ctx, metric, first - BACK * 7, last)
  if not rows then
    return nil, message, code
  end
  local set = {}
  for _, r in ipairs(rows) do
    set[r.day] = r.n > 0 or nil
  end
  return set
end

function expected.on(present, day)
  local came = 0
  for back = 1, BACK do
    came = came + (present[day - back * 7] and 1 or 0)
  end
  return came >= ENOUGH
end

-- --- causes ---

-- What the ledger says of a day: the worst state of the resources a connection has.
local worst = { failed = 5, unobtainable = 4, requested = 2, wanted = 1 }

local function ledger_of(c)
  local runs, of_day = sw.store.coverage(c.id) or {}, {}
  for _, r in ipairs(runs) do
    for day = r.first, worst[r.state] and r.last or r.first - 1 do
      local had = of_day[day]
      if not had or worst[r.state] > worst[had.state] then
        of_day[day] = r
      end
    end
  end
  return of_day
end

local function sources(ctx)
  local list, by_provider = connections.list(ctx) or {}, {}
  for _, c in ipairs(list) do
    c.ledger = ledger_of(c)
    by_provider[c.provider] = by_provider[c.provider] or {}
    table.insert(by_provider[c.provider], c)
  end
  return by_provider
end

local words = {
  failed = "%s: fetching %s failed (%s)", unobtainable = "%s: %s of that day cannot be had any more (%s)",
  requested = "%s: %s is being fetched", wanted = "%s: %s is still to be fetched",
}

local function ledger_cause(c, day)
  local r = c.ledger[day]
  if r then
    local reason = r.reason ~= "" and r.reason or "no reason given"
    return words[r.state]:format(connections.title(c), r.resource, reason)
  end
end

local states = { needs_user = "needs you", paused = "is paused", revoked = "was revoked",
  error = "has an error" }

-- A connection that does not work explains days from its last sync on.
local function state_cause(c, day)
  local since = c.body.last_sync and sw.time.day_of(c.body.last_sync, 0) or day
  if states[c.state] and day >= since then
    return ("%s %s%s"):format(connections.title(c), states[c.state],
      c.body.sentence and " (" .. c.body.sentence .. ")" or "")
  end
end

local function file_cause(o, last_day, day)
  if last_day and day > last_day then
    local name = o.name ~= "" and o.name or o.provider
    return ("nothing from %s since %s: import a newer file or look at the device"):format(name,
      sw.time.day_text(last_day))
  end
end

-- The origins that gave a metric before, with the last day of each.
local function givers(ctx, metric, first, last)
  local list = {}
  for _, o in ipairs(sw.store.origins(ctx.who)) do
    local rows = sw.store.daily(ctx.who, metric, first - BACK * 7, last, o.id) or {}
    if #rows > 0 then
      list[#list + 1] = { origin = o, last = rows[#rows].day }
    end
  end
  table.sort(list, function(a, b) return a.last > b.last end)
  return list
end

local function cause_of(list, by_provider, day)
  for _, ask in ipairs { ledger_cause, state_cause } do
    for _, g in ipairs(list) do
      for _, c in ipairs(by_provider[g.origin.provider] or {}) do
        local cause = ask(c, day)
        if cause then
          return cause
        end
      end
    end
  end
  local found = list[1] and file_cause(list[1].origin, list[1].last, day)
  return found or "the sources have other days, not this one"
end

-- --- days ---

local function judge(row, metric, present, list, by_provider)
  if not expected.on(present, row.day) then
    return
  end
  row.expected[metric], row.n = true, row.n + 1
  if present[row.day] then
    row.came = row.came + 1
  else
    row.missing[metric] = cause_of(list, by_provider, row.day)
  end
end

function expected.days(ctx, metrics, first, last)
  local rows, by_provider = {}, sources(ctx)
  for day = first, last do
    rows[#rows + 1] = { day = day, expected = {}, missing = {}, came = 0, n = 0 }
  end
  for _, metric in ipairs(metrics) do
    local present, message, code = present_days(ctx, metric, first, last)
    if not present then
      return nil, message, code
    end
    local list = next(present) and givers(ctx, metric, first, last) or {}
    for _, row in ipairs(rows) do
      judge(row, metric, present, list, by_provider)
    end
  end
  return rows
end

return expected

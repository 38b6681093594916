-- What a trigger on data may say: whoever looks at it later (watch.lua) need not ask again.
--   watch_shape.problems { kind = "streak", records = "workout", lengths = { 7 } } --> list of sentences
-- Scripts write triggers as plain tables too, so nothing is taken from the constructors' word.
local fields = require("box.fields")
local words = require("watch_words")

local watch_shape = {}

local LIST_MOST, LENGTH_MOST, BASE_DAYS, LASTING_S = 100, 10000, { 2, 400 }, 10 * 366 * 86400
local DAY_S = 86400

local members = {
  threshold = { metric = "string", enter = "string", leave = "string" },
  baseline = { metric = "string", above = "string", below = "string" },
  absent = { metric = "string" },
  streak = { records = "string", metric = "string", per = "string", at_least = "number", lengths = "table",
    sport = "string" },
  milestone = { metric = "string", totals = "table" },
  goal = { metric = "string", reached = "boolean" },
}
local needs = { threshold = { "metric", "enter" }, baseline = { "metric" }, absent = { "metric", "lasting" },
  streak = { "lengths" }, milestone = { "metric", "totals" }, goal = { "metric" } }
local periods = { day = true, week = true, month = true }

local function types_problem(t)
  for _, name in ipairs(needs[t.kind]) do
    if t[name] == nil then
      return ("sw.%s needs '%s'"):format(t.kind, name)
    end
  end
  for name, kind in pairs(members[t.kind]) do
    if t[name] ~= nil and type(t[name]) ~= kind then
      return ("'%s' in sw.%s is a %s"):format(name, t.kind, kind == "string" and "text" or kind)
    end
  end
end

local function numbers_problem(t, name, least, most)
  local list = t[name]
  if #list == 0 or #list > LIST_MOST then
    return ("'%s' in sw.%s has 1 to %d numbers"):format(name, t.kind, LIST_MOST)
  end
  for _, n in ipairs(list) do
    if type(n) ~= "number" or not (n >= least and n <= most) then
      return ("'%s' in sw.%s has numbers from %g to %g"):format(name, t.kind, least, most)
    end
  end
end

local function lasting_problem(t)
  local s = type(t.lasting) == "string" and words.span_s(t.lasting)
  if t.lasting ~= nil and not (s and s >= 0 and s <= LASTING_S) then
    return ("'lasting' in sw.%s is a span of up to ten years, such as \"3d\""):format(t.kind)
  elseif s and s == 0 and t.kind ~= "threshold" or s and s < DAY_S and t.kind == "baseline" then
    return ("'lasting' in sw.%s is %s"):format(t.kind, t.kind == "baseline"
      and "in whole days, such as \"2d\": what is usual is known of days"
      or "longer than nothing, such as \"8d\"")
  end
end

local more = {}

function more.streak(t)
  if t.per and not periods[t.per] then
    return "'per' in sw.streak is day, week or month"
  elseif t.records and not fields.is_record[t.records] then
    return "'records' in sw.streak is workout, sleep, meal, mindful, measurement or note"
  end
  return numbers_problem(t, "lengths", 1, LENGTH_MOST)
end

function more.milestone(t)
  return numbers_problem(t, "totals", -1e15, 1e15)
end

function more.baseline(t)
  local spec, why = words.baseline(t.above or t.below or "")
  if not spec then
    return why
  elseif not spec.days or spec.days < BASE_DAYS[1] or spec.days > BASE_DAYS[2] then
    return ("'%s': a range looks back %d to %d days"):format(t.above or t.below, table.unpack(BASE_DAYS))
  end
end

-- What has the wrong type says nothing more.
function watch_shape.problems(t)
  local found = { types_problem(t) }
  if #found == 0 then
    found[1] = lasting_problem(t)
    found[#found + 1] = more[t.kind] and more[t.kind](t) or nil
  end
  return found
end

return watch_shape

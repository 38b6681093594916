-- Workouts, nights, meals, minutes of quiet and measurements as people write them down.
--   written.draft(ctx, { "workout", "running", "45min", "8.2km", "yesterday", "18:00" })
--     --> { kind = "workout", start, finish, attributes = { sport = "running", ... } } | nil, message
--   written.values("meal", attributes)   --> { { "energy_intake", 0, 650 }, ... }: what counts for the day
-- Quantities may stand anywhere; what is left is the sport or the name first, and the time last.
local amounts = require("amounts")
local data = require("data")
local home = require("home")
local schema = require("schema")
local sports = require("box.sports")
local when = require("when")

local written = {}

-- Is this one of them? `sleep 7h` is a value of a day, `sleep 23:10-06:40` a night.
function written.is(words)
  return words[1] == "workout" or words[1] == "meal" or words[1] == "mindful" or words[1] == "measurement"
    or words[1] == "sleep" and (words[2] or ""):find("^%d%d?:%d%d%-") ~= nil
end

-- --- quantities: unit -> attribute and factor ---

local lengths = { km = 1000, m = 1, mi = 1609.344 }
local times = { h = 3600, hr = 3600, hours = 3600, min = 60, mins = 60, s = 1, sec = 1 }
local energies = { kcal = 1, cal = 1, Cal = 1, calories = 1, kJ = 1 / 4.184, kj = 1 / 4.184 }
local eaten = { energy_kcal = "energy_intake", protein_g = "protein", carbs_g = "carbs", fat_g = "fat",
  sugar_g = "sugar", fiber_g = "fiber" }
local nutrients = { protein = "protein_g", carbs = "carbs_g", fat = "fat_g", sugar = "sugar_g",
  fiber = "fiber_g" }

local function number(text)
  return tonumber((text:gsub("^(%d+),(%d)", "%1.%2")))
end

-- "1h30min", "45min", "90s" in seconds.
local function seconds(text)
  local sum, rest = 0, text
  while rest ~= "" do
    local n, unit, tail = rest:match("^(%d+[.,]?%d*)(%a+)(.*)$")
    if not n or not times[unit] then
      return nil
    end
    sum, rest = sum + number(n) * times[unit], tail
  end
  return text ~= "" and sum or nil
end

-- What a word (and the one after it) says of the record: attribute, value, words used.
local function quantity(kind, word, after)
  local n, unit = word:match("^(%d+[.,]?%d*)(%a*)$")
  if kind == "meal" and n and unit == "g" and nutrients[after or ""] then
    return nutrients[after], number(n), 2
  elseif kind ~= "mindful" and n and energies[unit] then
    return "energy_kcal", number(n) * energies[unit], 1
  elseif kind == "workout" and n and lengths[unit] then
    return "distance_m", number(n) * lengths[unit], 1
  elseif kind == "workout" and n and unit == "bpm" then
    return "hr_avg", number(n), 1
  elseif (kind == "workout" or kind == "mindful") and seconds(word) then
    return "elapsed_s", seconds(word), 1
  end
end

-- Whose plausible range a figure of a record has.
local RANGES = { workout = { energy_kcal = "active_energy", distance_m = "distance", hr_avg = "heart_rate" },
  meal = eaten }

local function implausible(kind, attributes)
  for _, name in ipairs(schema.keys(attributes)) do
    local m = data.metrics()[(RANGES[kind] or {})[name]]
    local ok, why = true, nil
    if m then
      ok, why = amounts.plausible(m, attributes[name])
    end
    if not ok then
      return why
    end
  end
end

local function take_quantities(kind, words)
  local attributes, rest, i = {}, {}, 2
  while i <= #words do
    local name, value, used = quantity(kind, words[i], words[i + 1])
    if name and attributes[name] then
      return nil, ("'%s' says a second time what was said before"):format(words[i])
    elseif name then
      attributes[name] = value
    else
      rest[#rest + 1] = words[i]
    end
    i = i + (used or 1)
  end
  return attributes, rest
end

-- The longest end of the words that is a time: its instant and offset, and how many words are before it.
local function take_time(ctx, words)
  for from = 1, #words do
    local ms, offset = when.past(ctx, table.concat(words, " ", from))
    if ms then
      return ms, offset, from - 1
    end
  end
  return nil, nil, #words
end

-- --- the kinds ---

-- What the day's figures get of a record: { metric, ms it lasts, value } each; nothing of most kinds.
function written.values(kind, attributes)
  local values, length = {}, attributes.elapsed_s
  if kind == "meal" then
    for attribute, metric in pairs(eaten) do
      local value = attributes[attribute]
      values[#values + 1] = type(value) == "number" and { metric, 0, value } or nil
    end
  elseif kind == "mindful" and type(length) == "number" then
    values[1] = { "mindful_minutes", math.floor(length * 1000), length / 60 }
  end
  return values
end

local drafts = {}

function drafts.workout(ctx, attributes, words)
  local ms, _, n = take_time(ctx, words)
  if not attributes.elapsed_s or attributes.elapsed_s < 1 or attributes.elapsed_s > 7 * 86400 then
    return nil, "how long was it? for example: syncwell log workout running 45min 8.2km yesterday 18:00"
  elseif n > 1 then
    return nil, ("'%s' is neither a sport in one word nor a time I understand"):format(
      table.concat(words, " ", 2))
  end
  attributes.sport = "workout"
  if n == 1 then
    attributes.sport, attributes.sub_sport = sports.of(words[1])
  end
  local length = math.floor(attributes.elapsed_s * 1000)
  local start = ms or sw.time.now() - length
  return { kind = "workout", start = start, finish = start + length, attributes = attributes }
end

local function clock_minutes(h, m)
  h, m = tonumber(h), tonumber(m)
  return h and h <= 23 and m <= 59 and h * 60 + m or nil
end

local SOON_MS = 3600000

-- "23:10-06:40 [day of waking]": to bed the evening before unless both lie on one day. With no day said it
-- is the last such night that is over.
function drafts.sleep(ctx, attributes, words)
  local h1, m1, h2, m2 = (words[1] or ""):match("^(%d%d?):(%d%d)%-(%d%d?):(%d%d)$")
  local from, to = h1 and clock_minutes(h1, m1), h2 and clock_minutes(h2, m2)
  if not from or not to or from == to then
    return nil, "sleep is written as times: syncwell log sleep 23:10-06:40 yesterday"
  end
  local text = table.concat(words, " ", 2)
  local day = text == "" and home.day(ctx, sw.time.now()) or when.day(ctx, text)
  if not day then
    return nil, ("'%s' is no day I understand (the day of waking is meant)"):format(text)
  end
  if text == "" and sw.time.utc(ctx.zone, day * 86400000 + to * 60000) > sw.time.now() + SOON_MS then
    day = day - 1
  end
  local bed = from < to and day or day - 1
  local start = sw.time.utc(ctx.zone, bed * 86400000 + from * 60000)
  local finish = sw.time.utc(ctx.zone, day * 86400000 + to * 60000)
  attributes.in_bed_s = (finish - start) // 1000
  attributes.asleep_s = attributes.in_bed_s
  return { kind = "sleep", start = start, finish = finish, attributes = attributes }
end

function drafts.meal(ctx, attributes, words)
  local ms, _, n = take_time(ctx, words)
  attributes.name = n > 0 and table.concat(words, " ", 1, n) or nil
  if not attributes.name and not next(attributes) then
    return nil, "what was it? for example: syncwell log meal pasta 650kcal 20g protein yesterday 13:00"
  end
  local start = ms or sw.time.now()
  return { kind = "meal", start = start, finish = start, attributes = attributes }
end

-- "10min [name] [when]": it ended now where no time is said.
function drafts.mindful(ctx, attributes, words)
  local ms, _, n = take_time(ctx, words)
  if not attributes.elapsed_s or attributes.elapsed_s < 1 or attributes.elapsed_s > 86400 then
    return nil, "how long was it? for example: syncwell log mindful 10min yesterday 7:00"
  end
  attributes.name = n > 0 and table.concat(words, " ", 1, n) or nil
  local length = math.floor(attributes.elapsed_s * 1000)
  local start = ms or sw.time.now() - length
  return { kind = "mindful", start = start, finish = start + length, attributes = attributes }
end

-- "waist 84cm [when]": what there is no metric for.
function drafts.measurement(ctx, _, words)
  local name, value, unit = words[1], (words[2] or ""):match("^(%-?%d+[.,]?%d*)(%S*)$")
  if not value or name:find("^%d") or math.abs(number(value)) >= 1e12 then
    return nil, "a measurement has a name and a figure: syncwell log measurement waist 84cm yesterday"
  end
  local rest = table.move(words, 3, #words, 1, {})
  local ms, _, n = take_time(ctx, rest)
  if n > 0 then
    return nil, ("'%s' is not a time I understand (try: yesterday 16:00)"):format(table.concat(rest, " "))
  end
  local start = ms or sw.time.now()
  return { kind = "measurement", start = start, finish = start, attributes = { name = name,
    value = tonumber((value:gsub(",", "."))), unit = unit ~= "" and unit or nil } }
end

function written.draft(ctx, words)
  local attributes, rest
  if words[1] == "measurement" then
    attributes, rest = {}, table.move(words, 2, #words, 1, {})
  else
    attributes, rest = take_quantities(words[1], words)
  end
  if not attributes then
    return nil, rest
  end
  local draft, message = drafts[words[1]](ctx, attributes, rest)
  local wrong = implausible(words[1], attributes)
  if not draft or wrong then
    return nil, wrong or message
  elseif draft.finish > sw.time.now() + 86400000 then
    return nil, "that lies in the future"
  end
  local mark = sw.sys.hash(table.concat(words, " ")):sub(1, 8)
  draft.external_id = ("%s:%d:%s"):format(draft.kind, draft.start, mark)
  return draft
end

return written

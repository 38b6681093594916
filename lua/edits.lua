-- What `records edit --set` and the figures of `--where` say, checked before anything is written.
--   edits.read(ctx, list, { "distance_m=9km", "finish=18:40" })  --> { attributes, times } | nil, message
--   edits.figure("distance_m", "9km")  --> 9000
local record = require("record")
local sports = require("box.sports")
local when = require("when")

local edits = {}

-- An attribute carries its unit as the end of its name.
local UNITS = { s = "s", m = "m", kcal = "kcal", g = "g", mg = "mg", ml = "mL", w = "W", ms = "ms" }
local FIGURES = { hr_avg = true, hr_max = true, hr_min = true, efficiency = true, steps = true,
  cadence_avg = true, sample_count = true, rpe = true }
local TEXTS = { title = true, name = true, note = true, text = true, comment = true }
local SIGNED = { altitude_min_m = true, altitude_max_m = true }
local FIXED = { kind = "", day = "", provider = "", maker = "", origin = "", id = "", group = "",
  bed_day = "", nap = "", times_set = "", tag = "; use: records tag", tags = "; use: records tag" }

local function unit_of(key)
  return UNITS[key:match("_(%l+)$") or ""]
end

-- Is this attribute a figure, by its name or by what an origin told of a record there?
local function is_figure(key, list)
  if unit_of(key) or FIGURES[key] then
    return true
  end
  for _, e in ipairs(list) do
    for _, m in ipairs(e.all) do
      if type((m.body.attributes or {})[key]) == "number" and not record.is_layer(m) then
        return true
      end
    end
  end
  return false
end

-- "9km" of distance_m, "1h30min" of elapsed_s, "5000": in the attribute's unit; nil: no such figure.
function edits.figure(key, text)
  local sum, rest, base = 0, text:gsub("^(%-?%d+),(%d)", "%1.%2"), unit_of(key)
  local sign = rest:sub(1, 1) == "-" and -1 or 1
  rest = rest:gsub("^%-", "")
  while rest ~= "" do
    local number, unit, tail = rest:match("^(%d+%.?%d*)%s*([%a%%]*)(.*)$")
    local value = number and (unit == "" and tail == "" and tonumber(number)
      or base and sw.store.convert(tonumber(number), unit, base))
    if not value or unit == "" and rest ~= number then
      return nil
    end
    sum, rest = sum + value, tail
  end
  sum = sum * sign
  return text ~= "" and math.abs(sum) < 1e12 and (math.tointeger(sum) or sum) or nil
end

-- A name without its unit beside one that has it: what the person meant.
local function meant(key, list)
  for suffix in pairs(UNITS) do
    if is_figure(key .. "_" .. suffix, {}) then
      for _, e in ipairs(list) do
        if e.view.attributes[key .. "_" .. suffix] ~= nil then
          return key .. "_" .. suffix
        end
      end
    end
  end
end

local function value_of(key, text, list)
  if TEXTS[key] then
    return text
  elseif is_figure(key, list) then
    local value = edits.figure(key, text)
    if not value then
      return nil, ("--set: '%s' is no figure for %s, such as %s=%s"):format(text, key, key,
        key:find("_s$") and "45min" or key:find("_m$") and "9km" or "120")
    elseif value < 0 and not SIGNED[key] then
      return nil, ("--set: %s is not less than nothing (%s)"):format(key, text)
    end
    return value
  elseif meant(key, list) then
    return nil, ("--set: there is no '%s'; its unit is in its name: %s=%s"):format(key, meant(key, list),
      text)
  elseif text == "true" or text == "false" then
    return { text == "true" }
  end
  local number = tonumber(text)
  return number and number - number == 0 and (math.tointeger(number) or number) or text
end

-- One "key=value" into what is read so far; nil and why not.
local function assign(ctx, into, text, list)
  local key, value = text:match("^(%l[%w_]*)=(.+)$")
  if not key then
    return nil, ("--set: '%s' is not like title=\"Evening run\" or distance_m=5000"):format(text)
  elseif FIXED[key] then
    return nil, ("--set: %s cannot be set%s"):format(key, FIXED[key])
  elseif key == "start" or key == "finish" then
    local h, m = value:match("^(%d%d?):(%d%d)$")
    local ms = not h and when.instant(ctx, value) or nil
    if not ms and (not h or tonumber(h) > 23 or tonumber(m) > 59) then
      return nil, ("--set: '%s' is no time such as 18:40 or \"2026-03-01 18:40\""):format(value)
    end
    into.times[key] = ms or { minutes = h * 60 + m }
    return true
  end
  local read, why = value_of(key, value, list)
  if read == nil then
    return nil, why
  end
  if type(read) == "table" then
    read = read[1]
  end
  key = key == "type" and "sport" or key
  into.attributes[key] = read
  if key == "sport" and type(read) == "string" then
    local sport, more = sports.of(read) -- "ride" is what devices call cycling
    into.attributes.sport, into.attributes.sub_sport = sport, more or into.attributes.sub_sport
  end
  return true
end

-- All that --set says of the records in the list.
function edits.read(ctx, list, assignments)
  local into = { attributes = {}, times = {} }
  for _, text in ipairs(assignments) do
    local ok, why = assign(ctx, into, text, list)
    if not ok then
      return nil, why
    end
  end
  if not next(into.attributes) and not next(into.times) then
    return nil, "edit needs --set KEY=VALUE"
  end
  for _, e in ipairs(list) do
    local ok, why = edits.span(ctx, e.view, into.times)
    if not ok then
      return nil, why
    end
  end
  return into
end

-- A clock of the record's own day, the next one where it lies before `after`.
local function at_clock(view, minutes, offset, after)
  local midnight = (view.start + view.offset_start * 60000) // 86400000 * 86400000
  local ms = midnight + (minutes - offset) * 60000
  return after and ms <= after and ms + 86400000 or ms
end

-- Start and finish of a record with `times` set. Its day stays: by that it is found and counted.
function edits.span(_, view, times)
  local start, finish = times.start or view.start, times.finish or view.finish
  if not next(times) then
    return start, finish
  elseif view.kind == "sleep" then
    return nil, "--set: the times of a night hang together with its stages: write it anew by "
      .. "`log sleep 23:10-06:40 DAY` and delete this one"
  end
  start = type(start) == "table" and at_clock(view, start.minutes, view.offset_start) or start
  finish = type(finish) == "table" and at_clock(view, finish.minutes, view.offset_finish, start) or finish
  if view.start == view.finish and not times.finish then
    finish = start -- a meal has no length: it moves
  end
  if finish < start or finish - start > 7 * 86400000 then
    return nil, "--set: that would end before it starts, or last over a week"
  elseif sw.time.day_of(start, view.offset_start) ~= sw.time.day_of(view.start, view.offset_start) then
    return nil, "--set: start would put it on another day: write it anew by `log workout` and delete this one"
  end
  return start, finish
end

return edits

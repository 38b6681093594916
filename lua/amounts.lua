-- Amounts as people write them, in the unit a metric is kept in.
--   amounts.read(m, "12st 5lb")  --> 78.47 | nil, "'12 stones' is no amount of weight ..."
--   amounts.plausible(m, value)  --> value | nil, message
--   amounts.ambiguous("8,000")   --> a message: is it eight or eight thousand?
local data = require("data")

local amounts = {}

-- Units of the kitchen and the bathroom, beside those that files have (core/model/unit.c).
local SAID = { f = "degF", c = "Cel", lbs = "lb", pounds = "lb", kilo = "kg", kilos = "kg", stone = "st",
  hrs = "h", hour = "h", hours = "h", mins = "min", minutes = "min", feet = "ft", ["'"] = "ft", ['"'] = "in",
  inch = "in", inches = "in", miles = "mi", liter = "L", liters = "L", litre = "L", litres = "L",
  cup = "cup_us", cups = "cup_us", u = "IU", iu = "IU", units = "IU", spm = "/min", bpm = "/min" }
local CALORIES = { cal = true, Cal = true, calories = true } -- a person means a thousand of the physicist's

local function unit_of(m, unit)
  if CALORIES[unit] and m.unit == "kcal" then
    return "kcal"
  end
  return sw.store.convert(1, unit, m.unit) and unit or SAID[unit:lower()] or unit
end

-- One number and its unit, and the rest of the text.
local function part(text)
  local number, unit, rest = text:match("^(%d+[.,]?%d*)%s*([^%d%s]*)%s*(.*)$")
  if number and unit:find("/", 1, true) then -- "5.5mmol/L", "48 mL/kg/min"
    number, unit, rest = text:match("^(%d+[.,]?%d*)%s*(%S*)%s*(.*)$")
  end
  return number and tonumber((number:gsub(",", "."))), unit, rest
end

local function refusal(m, text)
  local unit = data.unit(m)
  return nil, ("'%s' is no amount of %s, which is kept %s: such as %s%s"):format(text, m.title:lower(),
    unit == "" and "a plain number" or "in " .. unit, m.max >= 100 and "80" or "3", unit)
end

-- A comma before three digits parts thousands for some and is the decimal one for others.
function amounts.ambiguous(word)
  local whole, three = word:match("^%-?([1-9]%d?%d?),(%d%d%d)%D*$")
  return whole and ("'%s' can be read in two ways: write %s%s or %s.%s"):format(word, whole, three, whole,
    three)
end

-- The amount that stands in the text: one number, or several with units that go together (5ft 11in).
function amounts.read(m, text)
  local rest, sum, parts = text:gsub("^%s+", ""), 0, 0
  local sign = rest:find("^%-") and -1 or 1
  rest = rest:gsub("^%-", "")
  repeat
    local number, unit, tail = part(rest)
    local value = number and (unit ~= "" or parts == 0) and sw.store.convert(number, unit_of(m, unit), m.unit)
    if not value or unit == "" and tail ~= "" then
      return refusal(m, text)
    elseif parts > 0 and m.unit == "Cel" then
      return refusal(m, text)
    end
    sum, parts, rest = sum + value, parts + 1, tail
  until rest == ""
  return sum * sign
end

-- A unit people have for it in which the bare number would be plausible: mmol/L of 6.1.
local function other_unit(m, value)
  for _, unit in ipairs { "mmol/L", "F", "lb" } do
    local converted = sw.store.convert(value, unit_of(m, unit), m.unit)
    if converted and converted >= m.min and converted <= m.max then
      return ("; if it is in %s write %g%s"):format(unit, value, unit)
    end
  end
  return ""
end

-- Can it be? What lies outside is refused in a sentence, here as at the border.
function amounts.plausible(m, value)
  if value >= m.min and value <= m.max then
    return value
  end
  local unit = data.unit(m)
  return nil, ("%s of %g%s is not plausible (%g to %g)%s"):format(m.title:lower(), value,
    unit == "" and "" or " " .. unit, m.min, m.max, other_unit(m, value))
end

-- How many of the words, at most three from the first, are the amount: "81.2 kg", "12 st 5 lb".
function amounts.take(m, words, first)
  local best, used, why
  for last = first, math.min(first + 3, #words) do
    local value, message = amounts.read(m, table.concat(words, " ", first, last))
    if value then
      best, used = value, last
    end
    why = why or message
  end
  return best, used, why
end

return amounts

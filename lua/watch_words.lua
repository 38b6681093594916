-- The words of triggers on data: bounds, spans and ranges, read once and compared many times.
--   words.bound(metric, ">70")          --> test(value), ">", 70 | nil, a sentence
--   words.span_s "3d"                   --> 259200
--   words.baseline "mean28d+2sd"        --> { middle, days, k, relative } | nil, a sentence
local words = {}

local compare = {
  [">"] = function(a, b) return a > b end, [">="] = function(a, b) return a >= b end,
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
}

-- ">70" or "< 3.5 mmol/L" of a metric: a test and the figure; nil and a sentence.
function words.bound(m, text)
  local op, number, unit = text:match("^([<>]=?)%s*(%-?[%d.]+)%s*(%S*)$")
  local value = op and sw.store.convert(tonumber(number) or 0 / 0, unit ~= "" and unit or m.unit, m.unit)
  if not value then
    return nil, ("'%s' is no bound for %s: write a sign, a number and a unit of it, such as \">70\"")
      :format(text, m.name)
  end
  local test = compare[op]
  return function(v) return test(v, value) end, op, value
end

local units = { s = 1, min = 60, h = 3600, d = 86400, w = 604800 }

function words.span_s(text)
  local n, unit = tostring(text):match("^(%d+%.?%d*)%s*(%l+)$")
  return n and units[unit] and tonumber(n) * units[unit] or nil
end

-- "mean28d+2sd", "median14d-10%": how many days, which middle, and how far from it.
function words.baseline(text)
  local middle, days, sign, k, how = text:match("^(%l+)(%d+)d%s*([+-])%s*([%d.]+)%s*([s%%]d?)$")
  if (middle ~= "mean" and middle ~= "median") or not tonumber(k) or (how ~= "sd" and how ~= "%") then
    return nil, ("'%s' is no range such as \"mean28d+2sd\" or \"median14d-10%%\""):format(text)
  end
  return { middle = middle, days = math.tointeger(tonumber(days)), k = tonumber(k) * (sign == "-" and -1
    or 1),
    relative = how == "%" }
end

return words

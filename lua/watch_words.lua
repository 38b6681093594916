-- The words of triggers on data: bounds, spans and ranges, read once and compared many times.
--   words.bound(metric, ">70")          --> test(value), ">", 70 | nil, a sentence
--   words.span_s "3d"                   --> 259200
--   words.baseline "mean28d+2sd"        --> { middle, days, k, relative, plain } | nil, a sentence
local words = {}

local compare = {
  [">"] = function(a, b) return a > b end, [">="] = function(a, b) return a >= b end,
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
}

local spoken = { ["1"] = "plain numbers", Cel = "degrees Celsius (Cel)" }

local function plain_unit(m)
  return spoken[m.unit] or (m.unit:gsub("[{}]", ""))
end

-- ">70" or "< 3.5 mmol/L" of a metric: a test and the figure; nil and a sentence.
function words.bound(m, text)
  local op, number, unit = text:match("^([<>]=?)%s*(%-?[%d.]+)%s*(%S*)$")
  local value = op and sw.store.convert(tonumber(number) or 0 / 0, unit ~= "" and unit or m.unit, m.unit)
  if not value then
    return nil, ("'%s' is no bound for %s, which is in %s: write a sign and a number, such as \">70\", and "
      .. "another unit only if it is no %s"):format(text, m.name, plain_unit(m), plain_unit(m))
  end
  local test = compare[op]
  return function(v) return test(v, value) end, op, value
end

local units = { s = 1, min = 60, h = 3600, d = 86400, w = 604800 }

function words.span_s(text)
  local n, unit = tostring(text):match("^(%d+%.?%d*)%s*(%l+)$")
  return n and units[unit] and tonumber(n) * units[unit] or nil
end

-- "mean28d+2sd", "median14d-10%", "median30d+5": how many days, which middle, and how far from it, the last
-- in the metric's unit.
function words.baseline(text)
  local middle, days, sign, k, how = text:match("^(%l+)(%d+)d%s*([+-])%s*([%d.]+)%s*([s%%]?d?)$")
  local is_known = (middle == "mean" or middle == "median") and (how == "sd" or how == "%" or how == "")
  if not is_known or not tonumber(k) then
    return nil, ("'%s' is no range such as \"mean28d+2sd\", \"median14d-10%%\" or \"median30d+5\"")
      :format(text)
  end
  return { middle = middle, days = math.tointeger(tonumber(days)), k = tonumber(k) * (sign == "-" and -1
    or 1),
    relative = how == "%", plain = how == "" }
end

return words

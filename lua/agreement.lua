-- How well two sources agree on a metric's days (Bland and Altman, 1986): bias, limits, correlation.
--   agreement.of({ { day = 1, a = 60, b = 58 }, { day = 2, a = 61, b = 61 } })
--     --> { n = 2, bias = 1, sd = 1.41, low = -1.77, high = 3.77, mean_a =, mean_b =, correlation = nil }
local agreement = {}

local LIMIT = 1.96 -- of a normal distribution 95 % lie within as many standard deviations

local function mean(list, f)
  local sum = 0
  for _, x in ipairs(list) do
    sum = sum + f(x)
  end
  return #list > 0 and sum / #list or nil
end

-- Of fewer than three pairs, or where one side never changes, there is none.
local function correlation(pairs_, mean_a, mean_b)
  local ab, aa, bb = 0, 0, 0
  for _, p in ipairs(pairs_) do
    local da, db = p.a - mean_a, p.b - mean_b
    ab, aa, bb = ab + da * db, aa + da * da, bb + db * db
  end
  if #pairs_ < 3 or aa <= 0 or bb <= 0 then
    return nil
  end
  return math.max(-1, math.min(1, ab / math.sqrt(aa * bb)))
end

function agreement.of(list)
  local out = { n = #list }
  if #list == 0 then
    return out
  end
  out.mean_a = mean(list, function(p) return p.a end)
  out.mean_b = mean(list, function(p) return p.b end)
  out.bias = mean(list, function(p) return p.a - p.b end)
  out.correlation = correlation(list, out.mean_a, out.mean_b)
  if #list > 1 then
    local squares = mean(list, function(p) return (p.a - p.b - out.bias) ^ 2 end) * #list
    out.sd = math.sqrt(squares / (#list - 1))
    out.low, out.high = out.bias - LIMIT * out.sd, out.bias + LIMIT * out.sd
  end
  return out
end

-- Two lists of { day, value } by day: the pairs, the days only one has.
function agreement.pair(a, b)
  local of_b, both, only_a, only_b = {}, {}, {}, {}
  for _, r in ipairs(b) do
    of_b[r.day] = r.value
  end
  for _, r in ipairs(a) do
    if of_b[r.day] then
      both[#both + 1] = { day = r.day, a = r.value, b = of_b[r.day] }
      of_b[r.day] = nil
    else
      only_a[#only_a + 1] = r.day
    end
  end
  for _, r in ipairs(b) do
    only_b[#only_b + 1] = of_b[r.day] and r.day or nil
  end
  return both, only_a, only_b
end

return agreement

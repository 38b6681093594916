-- Answers of ctx.series: a list of numbers with the words of statistics.
--   local s = ctx.series("steps", { last = "30d", every = "day" });  s.mean(), s.max(), s.last()
-- The engine sends a list of rows { day or at, value, ... }; a missing day is absent, never 0.
local spread = require "spread"

local series = {}

local function numbers(rows)
  local list = {}
  for _, row in ipairs(rows) do
    local v = type(row) == "table" and row.value or row
    if type(v) == "number" then
      list[#list + 1] = v
    end
  end
  return list
end

local function fold(list, f)
  local result = list[1]
  for i = 2, #list do
    result = f(result, list[i])
  end
  return result
end

local function percentile(list, p)
  local sorted = table.move(list, 1, #list, 1, {})
  table.sort(sorted)
  if #sorted == 0 then
    return nil
  end
  local rank = (#sorted - 1) * math.max(0, math.min(100, p)) / 100
  local low = math.floor(rank)
  local above = sorted[low + 2] or sorted[low + 1]
  return sorted[low + 1] + (above - sorted[low + 1]) * (rank - low)
end

-- The rows as they came, with functions beside them; nil where there is no data.
function series.wrap(answer)
  local rows = type(answer) == "table" and (answer.rows or answer) or {}
  local list = numbers(rows)
  local s = table.move(list, 1, #list, 1, { rows = rows, n = #list })
  s.cursor = type(answer) == "table" and answer.cursor or nil
  local function add(a, b) return a + b end
  function s.sum() return fold(list, add) end
  function s.mean() return #list > 0 and fold(list, add) / #list or nil end
  function s.min() return fold(list, math.min) end
  function s.max() return fold(list, math.max) end
  function s.first() return list[1] end
  function s.last() return list[#list] end
  function s.median() return percentile(list, 50) end
  function s.sd() return select(2, spread(list)) end
  function s.delta() return #list > 1 and list[#list] - list[1] or nil end
  function s.percentile(p) return percentile(list, p) end
  return s
end

return series

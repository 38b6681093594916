-- Days gathered into weeks, which begin on Monday, months or years; rows of them as a chart.
--   periods.gather(rows, "week")     --> { { week = its first day, days = 7, n, sum, mean, min, max, last,
--     value = the mean of its days' values, origin } ... }, in order
--   periods.draw(m, rows, "week")    a line a row; "day" and "hour" are rows as the store gives them
local data = require("data")
local term = require("term")
local when = require("when")

local periods = {}

local first_of = {}

function first_of.week(day)
  return day - select(4, sw.time.date(day))
end

function first_of.month(day)
  local year, month = sw.time.date(day)
  return sw.time.day(year, month, 1)
end

function first_of.year(day)
  return sw.time.day((sw.time.date(day)), 1, 1)
end

local function add(into, row)
  into.days, into.values = into.days + 1, into.values + row.value
  into.n, into.sum = into.n + row.n, row.sum and (into.sum or 0) + row.sum
  into.min = row.min and math.min(row.min, into.min or row.min) or into.min
  into.max = row.max and math.max(row.max, into.max or row.max) or into.max
  into.last = row.last or into.last
end

function periods.gather(rows, every)
  local list, by = {}, {}
  for _, row in ipairs(rows) do
    if row.value then
      local first = first_of[every](row.day)
      local mark = first .. "|" .. (row.origin or "")
      local one = by[mark]
      if not one then
        one = { [every] = first, origin = row.origin, days = 0, values = 0, n = 0 }
        by[mark], list[#list + 1] = one, one
      end
      add(one, row)
    end
  end
  for _, one in ipairs(list) do
    one.value = one.values / one.days
    one.mean = one.sum and one.n > 0 and one.sum / one.n or nil
  end
  return list
end

local titles = {}

function titles.hour(ms)
  return when.clock(ms, 0)
end

function titles.day(day)
  return when.short_day(day) .. " " .. sw.time.day_text(day):sub(1, 4)
end

function titles.week(day)
  return "week of " .. titles.day(day):sub(5)
end

function titles.month(day)
  return titles.day(day):sub(8)
end

function titles.year(day)
  return sw.time.day_text(day):sub(1, 4)
end

-- What a row came to; a longer one says the whole, too, where days add up.
local function text_of(m, row)
  local text = data.text(m, row.value)
  if row.days and m.kind == "cumulative" then
    return ("%s, %s a day"):format(data.text(m, row.value * row.days), text)
  end
  return text
end

-- Bars from nought; what is measured and never near it, such as a weight, would be one bar as long as the
-- other: points.
function periods.draw(m, rows, every)
  local list, least, most = {}, math.huge, 0
  for i, row in ipairs(rows) do
    list[i] = { label = titles[every](row[every]), text = text_of(m, row), value = math.max(0, row.value) }
    least, most = math.min(least, list[i].value), math.max(most, list[i].value)
  end
  local as_points = m.daily ~= "sum" and #rows > 1 and least > most / 2
  return (as_points and term.points or term.bars)(list)
end

return periods

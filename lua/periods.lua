-- Days gathered into weeks, which begin on Monday, or months.
--   periods.gather(rows, "week")  --> { { week = its first day, days = 7, n, sum, mean, min, max, last,
--     value = the mean of its days' values, origin } ... }, in order
--   periods.title("week", day)       --> "week of 16 Nov 2026"; of a month "Nov 2026"
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

function periods.title(every, day)
  local text = when.short_day(day) .. " " .. sw.time.day_text(day):sub(1, 4)
  return every == "day" and text or every == "week" and "week of " .. text:sub(5) or text:sub(8)
end

return periods

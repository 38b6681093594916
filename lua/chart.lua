-- A chart of numbers for a terminal: columns with eighths of a cell, an axis, the first and last label.
--   chart.lines({ 1, 5, nil, 3 }, 4, { height = 8, first = "1 Mar", last = "4 Mar" })   --> list of texts
local term = require("term")

local chart = {}

local eighths = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }

local function bounds(values, n)
  local low, high
  for i = 1, n do
    local v = values[i]
    if type(v) == "number" and v - v == 0 then
      low, high = math.min(low or v, v), math.max(high or v, v)
    end
  end
  return low, high
end

-- Where the axis begins: at nought when that is near, else a little below the least.
local function floor_of(low, high)
  if low >= 0 and low < high * 0.6 then
    return 0
  end
  return low - (high - low) * 0.1
end

local function cell(v, row, height, low, high)
  if type(v) ~= "number" or v - v ~= 0 then
    return " "
  end
  local filled = high > low and (v - low) / (high - low) * height or height / 2
  local part = filled - (row - 1)
  if part <= 0 then
    return row == 1 and (term.unicode and eighths[1] or "_") or " "
  elseif not term.unicode then
    return part >= 0.5 and "#" or "_"
  end
  return eighths[math.max(1, math.min(8, math.floor(part * 8 + 0.5)))]
end

-- More values than columns: the mean of those that share one.
local function squeezed(values, n, room)
  if n <= room then
    return values, n
  end
  local out = {}
  for i = 1, room do
    local sum, count = 0, 0
    for k = math.floor((i - 1) * n / room) + 1, math.floor(i * n / room) do
      if type(values[k]) == "number" then
        sum, count = sum + values[k], count + 1
      end
    end
    out[i] = count > 0 and sum / count or nil
  end
  return out, room
end

local function label(v)
  return math.abs(v) >= 1000 and ("%.0f"):format(v) or ("%.4g"):format(v)
end

function chart.lines(values, n, more)
  more = more or {}
  local low, high = bounds(values, n)
  if not low then
    return { "no number to draw" }
  end
  local base, height = floor_of(low, high), more.height or 8
  local top, bottom = label(high), label(base)
  local margin = math.max(#top, #bottom)
  local cells, count = squeezed(values, n, math.max(10, math.min(more.width or 200,
    sw.sys.columns() - margin - 3)))
  local wide = math.max(1, math.min(4, (sw.sys.columns() - margin - 3) // count))
  local out = {}
  for row = height, 1, -1 do
    local parts = {}
    for i = 1, count do
      parts[i] = cell(cells[i], row, height, base, high):rep(wide)
    end
    local mark = row == height and top or row == 1 and bottom or ""
    out[#out + 1] = (" "):rep(margin - #mark) .. mark .. " " .. (term.unicode and "┤" or "|")
      .. table.concat(parts)
  end
  if more.first then
    local gap = math.max(1, count * wide - term.width(more.first) - term.width(more.last or ""))
    out[#out + 1] = (" "):rep(margin + 2) .. more.first .. (" "):rep(gap) .. (more.last or "")
  end
  return out
end

return chart

-- A chart of numbers for a terminal: columns with eighths of a cell, an axis, the first and last label.
-- Where some are negative, columns stand on a line at nought and hang from it.
--   chart.lines({ 1, 5, nil, 3 }, 4, { height = 8, first = "1 Mar", last = "4 Mar" })   --> list of texts
local term = require("term")

local chart = {}

local eighths = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }

local function is_figure(v)
  return type(v) == "number" and v - v == 0
end

local function bounds(values, n)
  local low, high
  for i = 1, n do
    local v = values[i]
    if is_figure(v) then
      low, high = math.min(low or v, v), math.max(high or v, v)
    end
  end
  return low, high
end

-- Where the axis begins: at nought when that is near or all are alike, else a little below the least.
local function floor_of(low, high)
  if low < high * 0.6 or low == high then
    return 0
  end
  return low - (high - low) * 0.1
end

-- The part-th row of a column that stands: nothing, some eighths, all of it. A figure shows at its foot.
local function standing(part, is_foot)
  if part <= 0 then
    return is_foot and (term.unicode and eighths[1] or "_") or " "
  elseif not term.unicode then
    return part >= 0.5 and "#" or "_"
  end
  return eighths[math.max(1, math.min(8, math.floor(part * 8 + 0.5)))]
end

-- The same of one that hangs; there are but three letters with ink at the top.
local function hanging(part)
  if part <= 0 then
    return " "
  elseif part >= 0.75 then
    return term.unicode and "█" or "#"
  end
  return part >= 0.25 and (term.unicode and "▀" or "\"") or (term.unicode and "▔" or "'")
end

-- How rows are shared out: those above the base and those below it, what a row stands for, marks by row.
local function plan(low, high, height)
  if low >= 0 then
    local base = floor_of(low, high)
    local per_row = high > base and (high - base) / height or nil
    return { base = base, up = height, down = 0, per_row = per_row,
      marks = { [height] = per_row and high, [1] = base } }
  end
  local share = math.floor(height * high / (high - low) + 0.5)
  local up = high > 0 and math.max(2, math.min(height - 1, share)) or 0
  local down = height - up
  return { base = 0, up = up, down = down, per_row = math.max(up > 0 and high / up or 0, -low / down),
    marks = { [up] = up > 0 and high or nil, [up > 0 and 1 or 0] = 0, [1 - down] = low } }
end

-- What stands in a row of a figure's column; rows count up from the base, 0 and less are below it.
local function cell(v, row, p)
  if not is_figure(v) then
    return " "
  end
  local rows = p.per_row and (v - p.base) / p.per_row or 0
  if row < 1 then
    return hanging(-rows + row)
  end
  return rows >= 0 and standing(rows - (row - 1), row == 1) or " "
end

-- More values than columns: the mean of those that share one. Gives the list and how long it is.
function chart.squeezed(values, n, room)
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

-- Marks at the axis, by row, as texts of one width.
local function marks_of(p)
  local marks, width = {}, 0
  for row, v in pairs(p.marks) do
    marks[row] = v and label(v) or ""
    width = math.max(width, #marks[row])
  end
  return marks, width
end

local LABEL_MOST = 6 -- characters, below a thousand

function chart.lines(values, n, more)
  more = more or {}
  local low, high = bounds(values, n)
  if not low then
    return { "no number to draw" }
  end
  local room = sw.sys.columns() - 3 - math.max(LABEL_MOST, #label(low), #label(high))
  local cells, count = chart.squeezed(values, n, math.max(10, math.min(more.width or 200, room)))
  low, high = bounds(cells, count)
  local p = plan(low, high, more.height or 8)
  local marks, margin = marks_of(p)
  local wide = math.max(1, math.min(4, room // count))
  local out = {}
  for row = p.up, 1 - p.down, -1 do
    local parts = {}
    for i = 1, count do
      parts[i] = cell(cells[i], row, p):rep(wide)
    end
    local mark = marks[row] or ""
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

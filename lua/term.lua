-- What people see: tables, bars, sparklines, progress with rate and time left, colours on a terminal.
--   term.table({ "day", "steps" }, rows);  term.spark { 1, 5, 3 } --> "▁█▄"
local term = {}

local tty_out, tty_err = sw.sys.tty(1), sw.sys.tty(2)
local locale = sw.sys.env("LC_ALL") or sw.sys.env("LC_CTYPE") or sw.sys.env("LANG") or ""
local unicode = locale == "" or locale:lower():find("utf") ~= nil
  or (not locale:find("^C") and not locale:find("^POSIX"))

term.unicode = unicode

function term.out(text)
  return sw.sys.out(text)
end

function term.line(text, ...)
  if select("#", ...) > 0 then
    text = text:format(...)
  end
  return sw.sys.out(text .. "\n")
end

-- A sentence with what somebody typed in it, however long that was.
function term.short(text)
  local short = text:gsub("[^%s']+", function(word)
    if #word > 300 then
      local first, last = word:sub(1, 150), word:sub(-60)
      return first:gsub("[\xC2-\xF4][\x80-\xBF]*$", "") .. "..." .. last:gsub("^[\x80-\xBF]+", "")
    end
  end)
  return #short <= 2000 and short or short:sub(1, 2000):gsub("[\xC2-\xF4][\x80-\xBF]*$", "") .. "..."
end

function term.error(text)
  sw.sys.err("syncwell: " .. sw.sys.clean(term.short(text), true) .. "\n")
end

local colours = { red = 31, green = 32, yellow = 33, blue = 34, grey = 90, bold = 1 }

function term.paint(colour, text)
  if not tty_out or (sw.sys.env("NO_COLOR") or "") ~= "" or sw.sys.env("TERM") == "dumb" then
    return text
  end
  return ("\27[%dm%s\27[0m"):format(colours[colour], text)
end

-- Columns on a terminal: characters, not bytes.
function term.width(text)
  return utf8.len(text) or #text
end

local function pad(text, width, right)
  local fill = (" "):rep(math.max(0, width - term.width(text)))
  return right and fill .. text or text .. fill
end

-- A text as lines of at most so many columns, broken at blanks; a longer word keeps a line for itself.
function term.wrapped(text, room)
  local lines, line = {}, nil
  for word in text:gmatch("%S+") do
    if line and term.width(line) + 1 + term.width(word) > room then
      lines[#lines + 1], line = line, word
    else
      line = line and line .. " " .. word or word
    end
  end
  lines[#lines + 1] = line
  return #lines > 0 and lines or { "" }
end

local NARROWEST = 20 -- columns in which sentences can still be read

-- How wide the last column may be on this terminal; nil where it may be as wide as it likes.
local function room_of_last(width)
  local left = sw.sys.columns()
  for i = 1, #width - 1 do
    left = left - width[i] - 2
  end
  return tty_out and width[#width] > left and left >= NARROWEST and left or nil
end

-- rows of texts or numbers; numbers stand right. On a terminal that is too narrow the last column is wrapped.
function term.table(head, rows)
  local width, right = {}, {}
  for i, name in ipairs(head) do
    width[i], right[i] = term.width(name), #rows > 0
  end
  for _, row in ipairs(rows) do
    for i = 1, #head do
      local cell = row[i]
      right[i] = right[i] and (cell == nil or type(cell) == "number"
        or tostring(cell):find("^[%d.,%-:]+ ?%a*$") ~= nil)
      row[i] = sw.sys.clean(cell == nil and "" or tostring(cell))
      width[i] = math.max(width[i], term.width(row[i]))
    end
  end
  local function line(cells, paint)
    local parts = {}
    for i = 1, #head do
      parts[i] = pad(cells[i], width[i], right[i])
    end
    local text = table.concat(parts, "  "):gsub("%s+$", "")
    term.line("%s", paint and term.paint(paint, text) or text)
  end
  line(head, "bold")
  local room = not right[#head] and room_of_last(width)
  for _, row in ipairs(rows) do
    local texts = room and term.wrapped(row[#head], room) or { row[#head] }
    for i, text in ipairs(texts) do
      local cells = i == 1 and { table.unpack(row, 1, #head - 1) } or {}
      for k = 1, #head - 1 do
        cells[k] = cells[k] or ""
      end
      cells[#head] = text
      line(cells)
    end
  end
end

local blocks = unicode and { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" }
  or { ".", ":", "-", "=", "+", "*", "#", "@" }

local function range(values)
  local low, high
  for _, v in pairs(values) do
    low, high = math.min(low or v, v), math.max(high or v, v)
  end
  return low or 0, high or 0
end

-- values[1..n], holes are shown as blanks.
function term.spark(values, n)
  local low, high = range(values)
  local out = {}
  for i = 1, n or #values do
    local v = values[i]
    local k = v and (high > low and 1 + math.floor((v - low) / (high - low) * 7.999) or 4)
    out[i] = k and blocks[math.min(8, k)] or " "
  end
  return table.concat(out)
end

function term.bar(value, most, width)
  local cells = most > 0 and math.floor(value / most * width + 0.5) or 0
  return (unicode and "█" or "#"):rep(math.max(0, math.min(width, cells)))
end

-- A line a row: label, value as text, and what is drawn into the room that is left.
local function drawn(rows, draw)
  local label, text = 0, 0
  for _, r in ipairs(rows) do
    label, text = math.max(label, term.width(r.label)), math.max(text, term.width(r.text))
  end
  local room = math.max(10, math.min(50, sw.sys.columns() - label - text - 4))
  for _, r in ipairs(rows) do
    term.line("%s  %s  %s", pad(r.label, label), pad(r.text, text, true), term.paint("blue", draw(r, room)))
  end
  return label + text + 4, room
end

-- { { label, text, value } ... } as bars from nought.
function term.bars(rows)
  local most = 0
  for _, r in ipairs(rows) do
    most = math.max(most, r.value or 0)
  end
  drawn(rows, function(r, room) return term.bar(r.value or 0, most, room) end)
end

-- The same as points between the least and the most, which stand below: for what is never near nought.
function term.points(rows)
  local low, high = rows[1], rows[1]
  for _, r in ipairs(rows) do
    low, high = r.value < low.value and r or low, r.value > high.value and r or high
  end
  local span, mark = high.value - low.value, unicode and "●" or "o"
  local left, room = drawn(rows, function(r, room)
    local share = span > 0 and (r.value - low.value) / span or 0.5
    return (" "):rep(math.floor(share * (room - 1) + 0.5)) .. mark
  end)
  local gap = room - term.width(low.text) - term.width(high.text)
  if span > 0 and gap > 0 then
    term.line("%s%s%s%s", (" "):rep(left), low.text, (" "):rep(gap), high.text)
  end
end

-- An address as a QR code, for a phone; only where somebody looks, the code fits and blocks can be drawn.
-- Light on dark terminals is what cameras want: the code stands on a light ground with its quiet zone.
function term.qr(text)
  local rows = tty_out and unicode and sw.qr.rows(text)
  local width = rows and #rows + 4
  if not rows or width > sw.sys.columns() then
    return
  end
  local light = (" "):rep(#rows)
  local function at(y)
    return "  " .. (rows[y] or light) .. "  "
  end
  for y = -1, #rows + 2, 2 do
    local upper, lower, cells = at(y), at(y + 1), {}
    for x = 1, width do
      local up, down = upper:sub(x, x) == "#", lower:sub(x, x) == "#"
      cells[x] = up and (down and " " or "▄") or down and "▀" or "█"
    end
    term.line("\27[97;40m%s\27[0m", table.concat(cells))
  end
end

function term.duration(seconds)
  seconds = math.floor(seconds + 0.5)
  if seconds < 60 then
    return ("%d s"):format(seconds)
  elseif seconds < 3570 then -- from there on it rounds to the hour
    return ("%d min"):format((seconds + 30) // 60)
  end
  return ("%d h %02d min"):format((seconds + 30) // 3600, (seconds + 30) // 60 % 60)
end

-- How long something took, which is often less than a second.
function term.spent(ms)
  return ms < 9950 and ("%.1f s"):format(ms / 1000) or term.duration(ms / 1000)
end

function term.bytes(n)
  local unit = { "B", "kB", "MB", "GB" }
  local i = 1
  n = n < 1000 and math.floor(n + 0.5) or n
  while n >= 1000 and i < 4 do
    n, i = n / 1000, i + 1
  end
  return (i == 1 and "%d %s" or "%.1f %s"):format(n, unit[i])
end

function term.number(n)
  local text = math.tointeger(n) and ("%d"):format(n) or ("%.1f"):format(n)
  local whole, rest = text:match("^(%-?%d+)(.*)$")
  local grouped = whole:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""):gsub("^%-,", "-")
  return grouped .. rest
end

-- Progress on standard error, a terminal only: what, part done of whole, rate, time left.
function term.progress(what, unit)
  local began, last = sw.time.mono(), 0
  local self = {}
  function self.show(done, whole)
    local now = sw.time.mono()
    if not tty_err or now - last < 100 then
      return
    end
    last = now
    local spent = math.max(1, now - began) / 1000
    local rate = done / spent
    local left = rate > 0 and whole > done and (whole - done) / rate or 0
    sw.sys.err(("\r\27[K%s  %3d %%  %s of %s  %s/s  %s left"):format(what, whole > 0 and done * 100 // whole
      or 0,
      unit(done), unit(whole), unit(rate // 1), term.duration(left)))
  end
  function self.clear()
    if tty_err then
      sw.sys.err("\r\27[K")
    end
  end
  return self
end

return term

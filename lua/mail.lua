-- A mail as text: RFC 5322 headers, UTF-8 text in base64. Pure: the same arguments give the same bytes.
--   mail.compose { from = "a@b.example", to = { "c@d.example" }, subject = "Füße hoch", text = "now",
--     key = "0a1b", at = sw.time.now(), offset = 60 }   --> "From: ...\r\n"
local mail = {}

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local LINE = 57 -- bytes that make a line of 76
local WORD = 45 -- bytes that make an encoded word of 72
local DAYS = { [0] = "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

local function letter(six)
  return ALPHABET:sub(six + 1, six + 1)
end

function mail.base64(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    out[#out + 1] = letter(n >> 18) .. letter(n >> 12 & 63) .. (b and letter(n >> 6 & 63) or "=")
      .. (c and letter(n & 63) or "=")
  end
  return table.concat(out)
end

local function lines_of_base64(bytes)
  local out = {}
  for i = 1, #bytes, LINE do
    out[#out + 1] = mail.base64(bytes:sub(i, i + LINE - 1))
  end
  out[#out + 1] = ""
  return table.concat(out, "\r\n")
end

-- The end of the longest piece from `i` on that has at most WORD bytes and cuts no letter in two.
local function piece_end(text, i)
  local j = i + WORD - 1
  if j >= #text then
    return #text
  end
  while j > i and (text:byte(j + 1) & 0xC0) == 0x80 do
    j = j - 1
  end
  return j
end

-- One line of a header: plain where it may be, else encoded words of RFC 2047, folded.
function mail.header(text)
  text = sw.sys.clean(text)
  if #text <= 60 and not text:find("[^\32-\126]") and not text:find("=?", 1, true) then
    return text
  end
  local words, i = {}, 1
  while i <= #text do
    local j = piece_end(text, i)
    words[#words + 1] = "=?utf-8?B?" .. mail.base64(text:sub(i, j)) .. "?="
    i = j + 1
  end
  return table.concat(words, "\r\n ")
end

function mail.date(at, offset)
  local day = sw.time.day_of(at, offset)
  local y, m, d, weekday = sw.time.date(day)
  local second = (at + offset * 60000) // 1000 % 86400
  local away = math.abs(offset)
  return ("%s, %d %s %d %02d:%02d:%02d %s%02d%02d"):format(DAYS[weekday], d, MONTHS[m], y, second // 3600,
    second // 60 % 60, second % 60, offset < 0 and "-" or "+", away // 60, away % 60)
end

-- "a@b.example, c@d.example" as a list.
function mail.addresses(text)
  local list = {}
  for address in text:gmatch("[^,%s]+") do
    list[#list + 1] = address
  end
  return list
end

function mail.compose(m)
  local urgent = m.priority == "high"
  local headers = { "From: SyncWell <" .. m.from .. ">", "To: " .. table.concat(m.to, ",\r\n "),
    "Subject: " .. mail.header(m.subject), "Date: " .. mail.date(m.at, m.offset),
    ("Message-ID: <%s@%s>"):format(m.key, m.from:match("@(.+)$")), "Auto-Submitted: auto-generated",
    "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64" }
  headers[#headers + 1] = urgent and "Importance: high" or nil
  return table.concat(headers, "\r\n") .. "\r\n\r\n" .. lines_of_base64(m.text)
end

return mail

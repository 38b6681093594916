-- SPDX-License-Identifier: MIT
-- Zip archives with stored entries, and one entry that unpacks to a thousand times its size.
-- Nothing is compressed for real: archives of made-up files need no saving.
--   local bytes = zip.archive { { name = "export.xml", bytes = "<HealthData/>" } }
local zip = {}

local STORED, DEFLATED = 0, 8
local DATE, TIME = (2024 - 1980) << 9 | 6 << 5 | 1, 12 << 11 -- 2024-06-01 12:00
local UTF8_NAMES = 0x800

local CRC = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = c & 1 == 1 and c >> 1 ~ 0xedb88320 or c >> 1 end
  CRC[i] = c
end

function zip.crc32(bytes)
  local step, byte, crc = CRC, string.byte, 0xffffffff
  for i = 1, #bytes do crc = crc >> 8 ~ step[(crc ~ byte(bytes, i)) & 0xff] end
  return crc ~ 0xffffffff
end

-- A linear map of 32 bits is what it makes of each bit.
local function apply(map, bits)
  local out, i = 0, 0
  while bits ~= 0 do
    if bits & 1 == 1 then out = out ~ map[i] end
    bits, i = bits >> 1, i + 1
  end
  return out
end

local function squared(map)
  local out = {}
  for i = 0, 31 do out[i] = apply(map, map[i]) end
  return out
end

-- CRC-32 of a text and n zero bytes: one zero is a linear map of the checksum, n of them its power.
local function crc32_with_zeros(text, n)
  local map, crc = {}, zip.crc32(text) ~ 0xffffffff
  for i = 0, 31 do
    local bit = 1 << i
    map[i] = bit >> 8 ~ CRC[bit & 0xff]
  end
  while n > 0 do
    if n & 1 == 1 then crc = apply(map, crc) end
    map, n = squared(map), n >> 1
  end
  return crc ~ 0xffffffff
end

local function bit_writer()
  local part, held, n = {}, 0, 0
  local w = {}
  -- lowest bit first, as deflate wants numbers
  function w.number(value, bits)
    held, n = held | value << n, n + bits
    while n >= 8 do
      part[#part + 1] = string.char(held & 0xff)
      held, n = held >> 8, n - 8
    end
  end
  -- first digit first, as deflate wants codes
  function w.code(digits)
    for digit in digits:gmatch(".") do w.number(tonumber(digit), 1) end
  end
  function w.close()
    if n > 0 then part[#part + 1] = string.char(held) end
    return table.concat(part)
  end
  return w
end

-- The order in which deflate gives the lengths of its first code, up to the last one used here.
local CODE_LENGTHS = { [17] = 0, [16] = 0, [18] = 1, [1] = 2, [2] = 2 }
local ORDER = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1 }
local RUN_OF_ZEROS, LENGTH_1, LENGTH_2 = "0", "10", "11"

local function stored_block(w, text)
  w.number(0, 8) -- not the last one, stored, and what fills its byte
  w.number(#text, 16)
  w.number(~#text & 0xffff, 16)
  for i = 1, #text do w.number(text:byte(i), 8) end
end

-- A block with three codes: "0" repeats the byte before 258 times, "10" is a zero byte, "11" the end.
-- The only distance, 1, is "0" too, so that a bit pair of zeros stands for 258 bytes.
local function run_block_head(w)
  w.number(1, 1) -- the last block
  w.number(2, 2) -- with codes of its own
  w.number(29, 5)
  w.number(0, 5)
  w.number(#ORDER - 4, 4)
  for _, symbol in ipairs(ORDER) do w.number(CODE_LENGTHS[symbol] or 0, 3) end
  local function zeros(count)
    w.code(RUN_OF_ZEROS)
    w.number(count - 11, 7)
  end
  w.code(LENGTH_2)
  zeros(138)
  zeros(117)
  w.code(LENGTH_2)
  zeros(28)
  w.code(LENGTH_1)
  w.code(LENGTH_1)
end

-- An entry of 1 + 258 * runs zero bytes. Options: prefix (a text before them, under 64 KiB, so that a
-- reader takes the entry for what it pretends to be), stated_size (what the archive claims instead).
function zip.bomb(name, runs, options)
  local w, prefix = bit_writer(), options and options.prefix or ""
  if prefix ~= "" then stored_block(w, prefix) end
  run_block_head(w)
  w.code("10")
  for _ = 1, runs do w.number(0, 2) end
  w.code("11")
  local zeros = 1 + 258 * runs
  local size = options and options.stated_size or #prefix + zeros
  return { name = name, packed = w.close(), size = size, crc = crc32_with_zeros(prefix, zeros) }
end

local function prepared(entry)
  local method = entry.packed and DEFLATED or STORED
  local data = entry.packed or entry.bytes
  local crc, size = entry.crc or zip.crc32(data), entry.size or #data
  local common = string.pack("<I2I2I2I2I2I4I4I4I2I2", 20, UTF8_NAMES, method, TIME, DATE, crc, #data, size,
    #entry.name, 0)
  return data, common
end

-- entries: { name, bytes } each, or what bomb() gave. The names stand in the archive as they are.
function zip.archive(entries)
  local part, central, at = {}, {}, 0
  for i, entry in ipairs(entries) do
    local data, common = prepared(entry)
    local text = "PK\3\4" .. common .. entry.name .. data
    part[i] = text
    central[i] = "PK\1\2" .. string.pack("<I2", 20) .. common .. string.pack("<I2I2I2I4I4", 0, 0, 0, 0, at)
      .. entry.name
    at = at + #text
  end
  local list = table.concat(central)
  local tail = string.pack("<I2I2I2I2I4I4I2", 0, 0, #entries, #entries, #list, at, 0)
  return table.concat(part) .. list .. "PK\5\6" .. tail
end

return zip

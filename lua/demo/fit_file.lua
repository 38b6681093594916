-- SPDX-License-Identifier: MIT
-- The framing of a FIT file: header, definitions, data messages, checksums. It knows no message's meaning.
-- A value of nil is written as "not measured". Times are UTC seconds and become FIT's own epoch here.
--   local f = fit_file.new { big = true }; f.once(34, { { 253, "time", t }, { 1, "u16", 1 } }); f.bytes()
local fit_file = {}

local EPOCH = 631065600 -- 1989-12-31T00:00:00Z
local BASES = { -- code, size, format, "not measured"
  enum = { 0x00, 1, "B", 0xff }, s8 = { 0x01, 1, "b", 0x7f }, u8 = { 0x02, 1, "B", 0xff },
  u16 = { 0x84, 2, "I2", 0xffff }, s32 = { 0x85, 4, "i4", 0x7fffffff }, u32 = { 0x86, 4, "I4", 0xffffffff },
  u32z = { 0x8c, 4, "I4", 0 }, time = { 0x86, 4, "I4", 0xffffffff }, text = { 0x07, 20, "c20", "" },
  bytes16 = { 0x0d, 16, "c16", ("\xff"):rep(16) },
}

local CRC = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = c & 1 == 1 and c >> 1 ~ 0xa001 or c >> 1 end
  CRC[i] = c
end

-- CRC-16 of bytes, continued from crc (0 at the start).
function fit_file.crc(bytes, crc)
  local step, byte = CRC, string.byte
  for i = 1, #bytes do crc = crc >> 8 ~ step[(crc ~ byte(bytes, i)) & 0xff] end
  return crc
end

function fit_file.header(data_bytes)
  local head = string.pack("<BBI2I4c4", 14, 0x20, 2158, data_bytes, ".FIT")
  return head .. string.pack("<I2", fit_file.crc(head, 0))
end

-- A whole file around its messages.
function fit_file.wrap(data)
  local head = fit_file.header(#data)
  return head .. data .. string.pack("<I2", fit_file.crc(data, fit_file.crc(head, 0)))
end

local function encode(base, value)
  if value == nil then return BASES[base][4] end
  if base == "time" then return value - EPOCH end
  return value
end

local function definition(order, slot, global, fields, extra)
  local has_extra = extra and #extra > 0
  local part = { string.pack("BBB", 0x40 | (has_extra and 0x20 or 0) | slot, 0, order == ">" and 1 or 0),
    string.pack(order .. "I2B", global, #fields) }
  for _, f in ipairs(fields) do
    local base = BASES[f[2]]
    part[#part + 1] = string.pack("BBB", f[1], base[2], base[1])
  end
  if has_extra then part[#part + 1] = string.char(#extra) end
  for _, f in ipairs(has_extra and extra or {}) do
    part[#part + 1] = string.pack("BBB", f[1], BASES[f[2]][2], f[3])
  end
  return table.concat(part)
end

-- The format of one message and the base type of each of its values.
local function layout(order, fields, extra)
  local format, bases = { order .. "B" }, {}
  for _, list in ipairs { fields, extra or {} } do
    for _, f in ipairs(list) do
      bases[#bases + 1] = f[2]
      format[#format + 1] = BASES[f[2]][3]
    end
  end
  return table.concat(format), bases
end

-- Options: big (byte order). Slots 0 to 3 are for messages with compressed times, 15 is for once().
function fit_file.new(options)
  local order = options and options.big and ">" or "<"
  local part, f = {}, {}

  -- fields: { number, base }; extra: developer fields { number, base, developer index }.
  -- Gives write(values, time): values in the order of the fields, nil where there is none. With a
  -- time, at most 31 s after the last one written, the header carries it (slots 0 to 3 only).
  function f.define(slot, global, fields, extra)
    part[#part + 1] = definition(order, slot, global, fields, extra)
    local format, bases = layout(order, fields, extra)
    return function(values, time)
      local row = {}
      for i, base in ipairs(bases) do row[i] = encode(base, values[i]) end
      local header = time and (0x80 | slot << 5 | (time - EPOCH) & 31) or slot
      part[#part + 1] = string.pack(format, header, table.unpack(row))
    end
  end

  -- One message with a definition of its own: { number, base, value } each.
  function f.once(global, fields)
    local values, kept = {}, {}
    for i, field in ipairs(fields) do kept[i], values[i] = field, field[3] end
    f.define(15, global, kept)(values)
  end

  function f.bytes() return fit_file.wrap(table.concat(part)) end

  return f
end

return fit_file

-- SPDX-License-Identifier: MIT
-- Bad files out of good ones: what cables, services and strangers do to activity files and archives.
-- Each has a name that says what it is and a word for what an importer owes it: "keep" what stands before
-- the damage, "read" everything all the same, "refuse" it, or "tell" what is wrong where nothing is left.
--   for _, f in ipairs(damage.all(fit_bytes, gpx_text)) do write(f.name, f.bytes) end
local random = require("demo.random")
local zip = require("demo.zip")

local damage = {}

local HEADER = 14

local function with_byte(bytes, at, value)
  return bytes:sub(1, at - 1) .. string.char(value) .. bytes:sub(at + 1)
end

function damage.cut(bytes, share)
  return bytes:sub(1, math.floor(#bytes * (share or 0.5)))
end

function damage.wrong_checksum(bytes)
  return with_byte(bytes, #bytes, bytes:byte(-1) ~ 0x55)
end

-- Where the definition of a FIT file's global message stands, walking its messages; nil if there is none.
local function definition_at(bytes, wanted)
  local sizes, at = {}, HEADER + 1
  while at < #bytes - 2 do
    local head = bytes:byte(at)
    if head & 0xc0 == 0x40 then
      local order, n = bytes:byte(at + 2) == 1 and ">" or "<", bytes:byte(at + 5)
      if string.unpack(order .. "I2", bytes, at + 3) == wanted then return at end
      local size = 0
      for i = 0, n - 1 do size = size + bytes:byte(at + 7 + 3 * i) end
      local extra = head & 0x20 ~= 0 and bytes:byte(at + 6 + 3 * n) or nil
      for i = 0, (extra or 0) - 1 do size = size + bytes:byte(at + 8 + 3 * (n + i)) end
      sizes[head & 15], at = size, at + 6 + 3 * n + (extra and 1 + 3 * extra or 0)
    else
      at = at + 1 + sizes[head & 0x80 ~= 0 and head >> 5 & 3 or head & 15]
    end
  end
end

-- The records' definition miscounts its fields by one: all that follows is read askew.
function damage.flipped_definition(bytes)
  local at = definition_at(bytes, 20) + 5
  return with_byte(bytes, at, bytes:byte(at) ~ 1)
end

function damage.random_tail(bytes, n)
  local r, part = random.new(#bytes, 5), {}
  for i = 1, n or 500 do part[i] = string.char(r.int(0, 255)) end
  return bytes .. table.concat(part)
end

-- The second half is zeros, as a power cut leaves a file whose length was already written.
function damage.zeroed(bytes)
  local half = #bytes // 2
  return bytes:sub(1, half) .. ("\0"):rep(#bytes - half)
end

-- The beginning of a photograph.
function damage.jpeg()
  return "\xff\xd8\xff\xe0\0\16JFIF\0\1\1\0\0\72\0\72\0\0\xff\xdb\0\67\0" .. ("\16"):rep(64) .. "\xff\xd9"
end

local function fit_files(fit, add)
  add("cut-in-the-middle.fit", "keep", damage.cut(fit))
  add("cut-in-the-header.fit", "refuse", fit:sub(1, 9))
  add("wrong-checksum.fit", "read", damage.wrong_checksum(fit))
  add("flipped-definition.fit", "tell", damage.flipped_definition(fit))
  add("random-tail.fit", "read", damage.random_tail(fit))
  add("second-half-zero.fit", "keep", damage.zeroed(fit))
  add("empty.fit", "refuse", "")
  add("photo-renamed.fit", "refuse", damage.jpeg())
end

local function gpx_files(gpx, add)
  add("cut-in-the-middle.gpx", "keep", damage.cut(gpx))
  add("blanks-before-the-declaration.gpx", "read", "\n  " .. gpx)
  add("web-page.gpx", "refuse", "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n")
end

local BOMB_RUNS = 262144 -- 67.6 million bytes out of 65,560

local function archives(fit, add)
  local good = zip.archive { { name = "activity.fit", bytes = fit } }
  add("half-an-archive.zip", "refuse", damage.cut(good))
  add("name-climbs-out.zip", "refuse", zip.archive { { name = "../../outside.fit", bytes = fit } })
  add("absolute-name.zip", "refuse", zip.archive { { name = "/tmp/outside.fit", bytes = fit } })
  add("bomb.zip", "refuse", zip.archive { zip.bomb("activity.fit", BOMB_RUNS) })
  local lie = { prefix = damage.cut(fit, 0.1), stated_size = 4096 }
  add("bomb-with-a-lie.zip", "tell", zip.archive { zip.bomb("activity.fit", BOMB_RUNS, lie) })
  add("wrong-checksum-inside.zip", "tell",
    zip.archive { { name = "activity.fit", bytes = fit, crc = zip.crc32(fit) ~ 1 } })
  add("nothing-inside.zip", "tell", zip.archive {})
end

-- A list of { name, expect, bytes } out of one good FIT file and one good GPX file (may be nil).
function damage.all(fit, gpx)
  local list = {}
  local function add(name, expect, bytes)
    list[#list + 1] = { name = name, expect = expect, bytes = bytes }
  end
  fit_files(fit, add)
  if gpx then gpx_files(gpx, add) end
  archives(fit, add)
  return list
end

return damage

-- SPDX-License-Identifier: MIT
-- Random numbers that are the same on every machine: xorshift64* on integers, seeded by any numbers.
-- Every day and every part of it has a generator of its own, so that one change does not move the rest.
--   local r = random.new(seed, day, 3); r.int(1, 6); r.float(); r.gauss(mean, deviation); r.chance(0.04)
local random = {}

local function mixed(x)
  x = (x ~ (x >> 30)) * 0xbf58476d1ce4e5b9
  x = (x ~ (x >> 27)) * 0x94d049bb133111eb
  return x ~ (x >> 31)
end

-- One number out of several; never 0, where xorshift would stay for ever.
function random.mix(...)
  local x = 0x9e3779b97f4a7c15
  for _, n in ipairs { ... } do x = mixed(x + n * 0x632be59bd9b4e019 + 1) end
  return x == 0 and 1 or x
end

local function distributions(bits)
  local r = {}
  function r.float() return (bits() >> 11) * 0x1p-53 end
  function r.int(from, to) return from + (bits() >> 33) % (to - from + 1) end
  function r.chance(p) return (bits() >> 11) * 0x1p-53 < p end
  -- The sum of four uniform numbers: a bell without logarithms, bounded at 3.5 deviations.
  function r.gauss(mean, deviation)
    local x = bits()
    local sum = (x & 0xffff) + (x >> 16 & 0xffff) + (x >> 32 & 0xffff) + (x >> 48 & 0xffff)
    return mean + deviation * (sum - 131070) / 37837.0
  end
  return r
end

function random.new(...)
  local s = random.mix(...)
  return distributions(function()
    s = s ~ (s >> 12)
    s = s ~ (s << 25)
    s = s ~ (s >> 27)
    return s * 0x2545f4914f6cdd1d
  end)
end

return random

-- A night as importers find it in other people's exports: a draft of a record out of stages or of sums.
--   out.record(sleeps.draft(m, { id = "fitbit:4000", stages = { { start = ms, finish = ms, stage = "deep"
-- } } }))
local sleeps = {}

local ASLEEP = { light = true, deep = true, rem = true, asleep = true }

local function sums_of(stages)
  local sum = {}
  for _, s in ipairs(stages) do
    sum[s.stage] = (sum[s.stage] or 0) + (s.finish - s.start) / 1000
  end
  return sum
end

local function asleep_s(sum)
  local total, known = 0, false
  for stage in pairs(ASLEEP) do
    total, known = total + (sum[stage] or 0), known or sum[stage] ~= nil
  end
  return known and total or nil
end

-- m: start_ms, finish_ms, offsets, origin as a decoder gave them. night: id, stages (a list) or seconds
-- (stage -> seconds, where only sums are known), and whatever else the service says (attributes).
function sleeps.draft(m, night)
  local sum = night.seconds or sums_of(night.stages)
  local attributes = { in_bed_s = (m.finish_ms - m.start_ms) / 1000, asleep_s = asleep_s(sum),
    awake_s = sum.awake,
    light_s = sum.light, deep_s = sum.deep, rem_s = sum.rem }
  for name, value in pairs(night.attributes or {}) do
    attributes[name] = value
  end
  return { kind = "sleep", external_id = night.id, start = m.start_ms, finish = m.finish_ms,
    origin = m.origin,
    offset_start = m.offset_start, offset_finish = m.offset_finish, attributes = attributes,
    segments = night.stages }
end

-- A night without an id of its own is known by the day it belongs to, noon to noon by the clock on the
-- wall: its start moves when it is sent again. state counts several sleeps of one day.
function sleeps.id(state, source, m)
  local offset = m.offset_start or sw.time.offset(state.zone, m.start_ms)
  local day = sw.time.day_text(sw.time.day_of(m.start_ms - 43200000, offset))
  local key = ("%s:sleep:%s"):format(source, day)
  state.sleeps = state.sleeps or {}
  state.sleeps[key] = (state.sleeps[key] or 0) + 1
  return state.sleeps[key] == 1 and key or ("%s:%d"):format(key, state.sleeps[key])
end

-- The instant of a wall clock that a file writes without a zone.
function sleeps.local_ms(state, text)
  local ms, offset = sw.time.parse(text or "")
  if not ms then
    return nil
  end
  return offset and ms or sw.time.utc(state.zone, ms)
end

-- Stages with short awakenings laid over them (they are told apart in some exports).
function sleeps.overlay(stages, awakenings)
  for _, w in ipairs(awakenings) do
    local out = {}
    for _, s in ipairs(stages) do
      if s.finish <= w.start or s.start >= w.finish then
        out[#out + 1] = s
      else
        out[#out + 1] = s.start < w.start and { start = s.start, finish = w.start, stage = s.stage } or nil
        out[#out + 1] = s.finish > w.finish and { start = w.finish, finish = s.finish,
          stage = s.stage } or nil
      end
    end
    out[#out + 1] = w
    table.sort(out, function(a, b)
      return a.start < b.start
    end)
    stages = out
  end
  return stages
end

return sleeps

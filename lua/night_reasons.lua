-- Why a night is what it is: what became of each sleep record of a day, as core/engine/night.c takes them.
--   night_reasons.of(ctx, day) --> { { start, finish, origin, asleep_s, in_bed_s, used, reason }, ... }
-- Stages come from the best standing origin that knows them, the time in bed is the longest that any states.
local night_reasons = {}

local function number(r, name)
  return tonumber((r.body.attributes or {})[name])
end

local function is_nap(r)
  return (r.body.attributes or {}).nap == true
end

-- The record whose stages count: the best of standing that knows how long the person slept, the earliest of
-- equals.
local function chosen_of(members)
  local best
  for _, r in ipairs(members) do
    if number(r, "asleep_s") and (not best or r.standing < best.standing) then
      best = r
    end
  end
  return best
end

local function longest_in_bed(members, chosen)
  local best = chosen and number(chosen, "in_bed_s") and chosen
  for _, r in ipairs(members) do
    local s = number(r, "in_bed_s")
    if s and (not best or s > number(best, "in_bed_s")) then
      best = r
    end
  end
  return best
end

-- A broken night: parts of the chosen origin that follow one another add up.
local function counted(members, chosen)
  local set, until_ms = {}, nil
  for _, r in ipairs(members) do
    if r == chosen then
      set[r], until_ms = true, r.finish
    elseif until_ms and r.origin_id == chosen.origin_id and number(r, "asleep_s") and r.start >= until_ms
      and is_nap(r) == is_nap(chosen) and r.day == chosen.day then
      set[r], until_ms = true, r.finish
    end
  end
  return set
end

local function name_of(r)
  return r.origin ~= "" and r.origin or r.provider
end

-- Does it count, and the words for it. bed: the record whose time in bed counts.
local function reason(r, chosen, used, bed)
  local lies = r == bed and "; its time in bed counts" or ""
  if chosen and is_nap(chosen) then
    return false, "a nap: it does not belong to the night"
  elseif used[r] then
    local longer = bed and bed ~= r and ("; %s states the longer time in bed"):format(name_of(bed)) or ""
    return true, "used" .. longer
  elseif not number(r, "asleep_s") then
    return r == bed, "it does not say how long the person slept" .. lies
  elseif r.origin_id == chosen.origin_id then
    return r == bed, "passed over: it overlaps what is counted already" .. lies
  end
  return r == bed, ("passed over: %s stands better%s"):format(name_of(chosen), lies)
end

local function groups_of(rows)
  local groups, order = {}, {}
  for _, r in ipairs(rows) do
    if not groups[r.group] then
      groups[r.group] = {}
      order[#order + 1] = groups[r.group]
    end
    table.insert(groups[r.group], r)
  end
  return order
end

function night_reasons.of(ctx, day)
  local rows, message, code = sw.store.records(ctx.who, { kind = "sleep", first_day = day - 1,
    last_day = day + 1 })
  if not rows then
    return nil, message, code
  end
  local list = {}
  for _, members in ipairs(groups_of(rows)) do
    local chosen = chosen_of(members)
    local bed = longest_in_bed(members, chosen)
    local used = chosen and counted(members, chosen) or {}
    for _, r in ipairs((chosen or members[1]).day == day and members or {}) do
      local counts, why = reason(r, chosen, used, bed)
      list[#list + 1] = { id = ("%x"):format(r.id), start = sw.time.iso(r.start, r.offset_start),
        finish = sw.time.iso(r.finish, r.offset_finish), origin = name_of(r),
        asleep_s = number(r, "asleep_s"), in_bed_s = number(r, "in_bed_s"), used = counts, reason = why }
    end
  end
  return list
end

return night_reasons

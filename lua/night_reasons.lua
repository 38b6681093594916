-- Why a night is what it is: what became of each sleep record of a day, as core/engine/night.c takes them.
--   night_reasons.of(ctx, day) --> { { start, finish, origin, asleep_s, in_bed_s, used, reason }, ... }
-- Stages come from the best standing origin that knows them, the time in bed from the one that states most.
local record = require("record")

local night_reasons = {}

local function number(r, name)
  return tonumber((r.body.attributes or {})[name])
end

local function is_nap(r)
  return (r.body.attributes or {}).nap == true
end

-- Whose stages count: what its origin told before what a person set, the best of standing that knows how
-- long the person slept, the longest of equals.
local function is_better(a, b)
  local x, y = number(a, "asleep_s"), b and number(b, "asleep_s")
  if not b or record.is_layer(a) ~= record.is_layer(b) then
    return not b or not record.is_layer(a)
  elseif not x or not y then
    return x ~= nil and y == nil
  elseif a.standing ~= b.standing then
    return a.standing < b.standing
  end
  return x > y
end

local function best_of(members)
  local best
  for _, r in ipairs(members) do
    best = is_better(r, best) and r or best
  end
  return best
end

local function overlap(a, b)
  return a.start < b.finish and b.start < a.finish
end

local function is_apart(r, set)
  for other in pairs(set) do
    if overlap(r, other) then
      return false
    end
  end
  return true
end

-- A record and what its origin tells beside it without overlap: a broken night adds up. The set and its sum.
local function taken(members, like, name)
  local set, sum = { [like] = true }, number(like, name)
  for _, r in ipairs(members) do
    if r.origin_id == like.origin_id and r.day == like.day and is_nap(r) == is_nap(like)
      and not record.is_layer(r) and number(r, name) and is_apart(r, set) then
      set[r], sum = true, sum + number(r, name)
    end
  end
  return set, sum
end

local function longest_in_bed(members)
  local best, most = {}, -1
  for _, r in ipairs(members) do
    if number(r, "in_bed_s") and not record.is_layer(r) then
      local set, sum = taken(members, r, "in_bed_s")
      if sum > most then
        best, most = set, sum
      end
    end
  end
  return best
end

local function name_of(r)
  return r.origin ~= "" and r.origin or r.provider
end

local function set_by_hand(members, name)
  for _, r in ipairs(members) do
    if record.is_layer(r) and number(r, name) then
      return true
    end
  end
end

-- Does it count, and the words for it. beds: the records whose time in bed counts.
local function reason(r, best, used, beds, by_hand)
  local lies = beds[r] and "; its time in bed counts" or ""
  if record.is_layer(r) then
    return true, "set by hand: what it says stands instead"
  elseif is_nap(best) then
    return false, "a nap: it does not belong to the night"
  elseif by_hand then
    return false, "passed over: it was set by hand how long the person slept"
  elseif used[r] then
    local longer = not beds[r] and next(beds)
    return true, "used" .. (longer and ("; %s states the longer time in bed"):format(name_of(longer)) or "")
  elseif not number(r, "asleep_s") then
    return beds[r] == true, "it does not say how long the person slept" .. lies
  elseif r.origin_id == best.origin_id then
    return beds[r] == true, "passed over: it overlaps what is counted already" .. lies
  end
  return beds[r] == true, ("passed over: %s stands better%s"):format(name_of(best), lies)
end

-- The members of each group.
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

local function meet(a, b)
  for _, x in ipairs(a) do
    for _, y in ipairs(b) do
      if not record.is_layer(x) and not record.is_layer(y) and overlap(x, y) then
        return true
      end
    end
  end
end

local function by_start(a, b)
  return a.start < b.start or a.start == b.start and a.id < b.id
end

-- Takes out of `list` what overlaps `members`, into them; true when something did.
local function absorb(list, members)
  for i, other in ipairs(list) do
    if meet(other, members) then
      table.move(other, 1, #other, #members + 1, members)
      table.remove(list, i)
      table.sort(members, by_start)
      return true
    end
  end
end

-- What joined the group of a nap and is none itself may be the in-bed of the night as well.
local function parted(members)
  local naps, others = {}, {}
  for _, r in ipairs(members) do
    if is_nap(r) or record.is_layer(r) then
      naps[#naps + 1] = r
    else
      others[#others + 1] = { r }
    end
  end
  return naps, others
end

-- The stretches of a day: naps as they are, groups of the night that overlap as one.
local function stretches(rows, day)
  local nights, naps = {}, {}
  local function night(members)
    while absorb(nights, members) do end -- what came in may overlap more
    nights[#nights + 1] = members
  end
  for _, members in ipairs(groups_of(rows)) do
    local best = best_of(members)
    if not is_nap(best) and best.day == day then
      night(members)
    elseif is_nap(best) then
      local own, others = parted(members)
      naps[#naps + 1] = best.day == day and own or nil
      for _, alone in ipairs(others) do
        if alone[1].day == day then
          night(alone)
        end
      end
    end
  end
  return table.move(naps, 1, #naps, #nights + 1, nights)
end

function night_reasons.of(ctx, day)
  local rows, message, code = sw.store.records(ctx.who, { kind = "sleep", first_day = day - 1,
    last_day = day + 1 })
  if not rows then
    return nil, message, code
  end
  local list = {}
  for _, members in ipairs(stretches(rows, day)) do
    local best, beds = best_of(members), longest_in_bed(members)
    local used = number(best, "asleep_s") and taken(members, best, "asleep_s") or {}
    local by_hand = set_by_hand(members, "asleep_s")
    for _, r in ipairs(members) do
      local counts, why = reason(r, best, used, beds, by_hand)
      list[#list + 1] = { id = ("%x"):format(r.id), start = sw.time.iso(r.start, r.offset_start),
        finish = sw.time.iso(r.finish, r.offset_finish), origin = name_of(r),
        asleep_s = number(r, "asleep_s"), in_bed_s = number(r, "in_bed_s"), used = counts, reason = why }
    end
  end
  return list
end

return night_reasons

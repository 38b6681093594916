-- Permits to send: a request is spent from its limits in the store, on disk, before it leaves. Who sends
-- many in a
-- row takes several at once, one more commit for twice as many each time; what is left over lapses soon.
--   permits.take(ctx, hold_name, limits)   --> true | nil, ms to wait, message, code
-- A permit is good for as long as the store's own counting is cautious: a sixtieth of a sliding period,
-- the same
-- window of an aligned one. So several processes together never pass a limit, and a kill loses unused ones
-- only.
local home = require("home")

local permits = {}

local MOST_AT_ONCE, SHARE, LIFE_MS, ROW_MS = 16, 50, 2000, 1000

local held = {} -- hold name and reserve -> { left, good_until, next, taken_at }

local function most_of(limits)
  local most = MOST_AT_ONCE
  for _, l in ipairs(limits) do
    most = math.min(most, (l.most - (l.reserve or 0)) // SHARE)
  end
  return math.max(1, math.tointeger(most) or 1)
end

local function good_until(limits, now)
  local untl = now + LIFE_MS
  for _, l in ipairs(limits) do
    untl = math.min(untl, l.aligned and (now // l.period_ms + 1) * l.period_ms or now + l.period_ms // 60)
  end
  return untl
end

-- Twice as many as last time when they were used up at once, else one.
local function next_batch(p, limits, now)
  local in_a_row = p and now - p.taken_at < ROW_MS and p.left == 0
  return in_a_row and math.min(p.size * 2, most_of(limits)) or 1
end

local function spend(ctx, hold, limits, count)
  local t = home.txn(ctx)
  t:spend(hold, limits, count)
  return t:commit()
end

function permits.take(ctx, hold, limits)
  local now, key = sw.time.now(), ("%d %s %d"):format(ctx.who, hold, limits[1] and limits[1].reserve or 0)
  local p = held[key]
  if p and p.left > 0 and now < p.good_until and now >= p.taken_at then
    p.left = p.left - 1
    return true
  end
  local size = next_batch(p, limits, now)
  local done, message, code = spend(ctx, hold, limits, size)
  if done and done[1] > 0 and size > 1 then
    size = 1
    done, message, code = spend(ctx, hold, limits, 1)
  end
  if not done then
    return nil, nil, message, code
  elseif done[1] > 0 then
    return nil, done[1]
  end
  local other = held[key] -- taken by somebody of ours meanwhile
  local left = other and other ~= p and now < other.good_until and other.left or 0
  held[key] = { left = left + size - 1, size = size, taken_at = now, good_until = good_until(limits, now) }
  return true
end

-- The service said stop: what is held is worth nothing now.
function permits.drop(hold)
  for key in pairs(held) do
    if key:find(hold, 1, true) then
      held[key] = nil
    end
  end
end

return permits

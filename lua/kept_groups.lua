-- Events as rules read them back, read once for all runs of a batch: five hundred runs that each ask for a
-- year of workouts read it once. This lives as long as its batch, so nothing in it has to be forgotten.
--   local kept = kept_groups.new(ctx, last_instant, runs)
--   local views, message, code = kept.views("workout", from_ms, to_ms)   as of data.groups; not to be changed
local record = require("record")
local record_pages = require("record_pages")

local kept_groups = {}

-- All of a kind that starts within a span, and the groups they are of: { rows, first, last = starts, view }.
local function read(ctx, kind, from, to)
  local span = { from = from, to = to, rows = {}, groups = {} }
  local pages = record_pages.of(ctx, { kind = kind, from = from, to = to, bare = true })
  for r in pages.next do
    local g = span.groups[r.group] or { rows = {}, first = r.start }
    span.groups[r.group], g.last = g, r.start
    span.rows[#span.rows + 1], g.rows[#g.rows + 1] = r, r
  end
  if pages.failed then
    return nil, table.unpack(pages.failed)
  end
  return span
end

-- The first row that starts at an instant or later.
local function at_or_after(rows, at)
  local low, high = 1, #rows + 1
  while low < high do
    local mid = (low + high) // 2
    if rows[mid].start < at then
      low = mid + 1
    else
      high = mid
    end
  end
  return low
end

-- One view of the members within [from, to); of a whole group it is made once.
local function view_of(g, from, to)
  if g.first >= from and g.last < to then
    g.view = g.view or record.merged(table.move(g.rows, 1, #g.rows, 1, {}))
    return g.view
  end
  local members = {}
  for _, r in ipairs(g.rows) do
    members[#members + 1] = r.start >= from and r.start < to and r or nil
  end
  return record.merged(members)
end

local function views_of(ctx, span, from, to)
  local rows, views, seen = span.rows, {}, {}
  local now = ctx.playing and sw.time.now()
  for i = at_or_after(rows, from), #rows do
    local r = rows[i]
    if r.start >= to then
      break
    elseif not seen[r.group] then
      seen[r.group] = true
      local view = view_of(span.groups[r.group], from, to)
      views[#views + 1] = (not now or view.finish <= now) and view or nil
    end
  end
  return views
end

-- last: the latest instant of the batch, up to which its runs will ask; runs: how many there are.
function kept_groups.new(ctx, last, runs)
  local spans, kept = {}, { runs = runs }
  function kept.views(kind, from, to)
    local span = spans[kind]
    if not span or from < span.from or to > span.to then
      local message, code
      span, message, code = read(ctx, kind, math.min(from, span and span.from or from),
        math.max(to, span and span.to or last))
      if not span then
        return nil, message, code
      end
      spans[kind] = span
    end
    return views_of(ctx, span, from, to)
  end
  return kept
end

return kept_groups

-- Records in order of their start, a page at a time: however many years there are, no more than a page of
-- each kind is held. The store lists one kind by time from an index, so kinds are read side by side.
--   local pages = record_pages.of(ctx, { kind = "workout", bare = true })      a filter of sw.store.records
--   for r in pages.next do ... end
--   if pages.failed then return nil, table.unpack(pages.failed) end            message, code
local record_pages = {}

local PAGE = 500

-- The filter of one kind, which moves on with its reader.
local function narrowed(filter, kind)
  local f = {}
  for k, v in pairs(filter) do
    f[k] = v
  end
  f.kind = kind
  return f
end

-- The next page; where a whole page starts at one instant a longer one is asked for.
local function refill(pages, reader)
  local f, last = reader.filter, reader.rows[#reader.rows]
  if last and #reader.rows < f.limit then
    return false
  end
  f.limit = last and last.start == f.from and f.limit * 2 or PAGE
  f.from = last and last.start or f.from
  local rows, message, code = sw.store.records(pages.ctx.who, f)
  if not rows then
    pages.failed = { message, code }
  end
  reader.rows, reader.i = rows or {}, 1
  return #reader.rows > 0
end

-- Lets a reader stand at a row that it has not given; what starts with the last row of a page comes again.
local function advance(pages, reader)
  repeat
    reader.i = reader.i + 1
    reader.row = nil
    if not reader.rows[reader.i] and not refill(pages, reader) then
      return
    end
    local row = reader.rows[reader.i]
    if reader.at ~= row.start then
      reader.at, reader.given = row.start, {}
    end
    local known = reader.given[row.id]
    reader.given[row.id], reader.row = true, row
  until not known
end

local function readers_of(pages, filter)
  local kinds, message, code = { filter.kind }, nil, nil
  if not filter.kind then
    kinds, message, code = sw.store.kinds(pages.ctx.who)
  end
  if not kinds then
    pages.failed = { message, code }
  end
  local readers = {}
  for i, kind in ipairs(kinds or {}) do
    readers[i] = { filter = narrowed(filter, kind), rows = {}, i = 0 }
    advance(pages, readers[i])
  end
  return readers
end

local function first_of(readers)
  local best
  for _, reader in ipairs(readers) do
    local r, b = reader.row, best and best.row
    if r and (not b or r.start < b.start or r.start == b.start and r.id < b.id) then
      best = reader
    end
  end
  return best
end

function record_pages.of(ctx, filter)
  local pages, readers = { ctx = ctx }, nil
  function pages.next()
    readers = readers or readers_of(pages, filter)
    local reader = first_of(readers)
    local row = reader and reader.row
    if row then
      advance(pages, reader)
    end
    return not pages.failed and row or nil
  end
  return pages
end

return record_pages

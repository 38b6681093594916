-- Records as people see them, in order of their start: what was changed by hand lies over what origins told.
-- No more than some pages are held, and a record that is asked for by its id is not looked for among all.
--   local rows = record_rows.of(ctx, { kind = "workout", first_day = first, last_day = last }, id)
--   for r in rows.next do ... end              then rows.failed, as of record_pages.lua
local record = require("record")
local record_pages = require("record_pages")

local record_rows = {}

local function fits(filter, r)
  return (not filter.kind or r.kind == filter.kind)
    and (not filter.first_day or r.day >= filter.first_day and r.day <= filter.last_day)
end

local function fitting(filter, rows)
  local out = {}
  for _, r in ipairs(rows) do
    out[#out + 1] = fits(filter, r) and r or nil
  end
  return out
end

-- --- one ---

-- The record and the group that an id names, each with all it belongs to.
local function around(ctx, id)
  local n = #id <= 16 and math.tointeger(tonumber(id, 16))
  local one, message, code = {}, nil, nil
  if n then
    one, message, code = sw.store.records(ctx.who, { id = n })
  end
  local rows = {}
  for _, group in ipairs(one and n and { n, one[1] and one[1].group ~= n and one[1].group or nil } or {}) do
    local members
    members, message, code = sw.store.records(ctx.who, { group = group })
    table.move(members or {}, 1, #(members or {}), #rows + 1, rows)
  end
  return not message and rows or nil, message, code
end

local function of_id(ctx, filter, id)
  local found, message, code = around(ctx, id)
  local list, i = found and record.fold(fitting(filter, found)) or {}, 0
  local rows = { failed = not found and { message, code } or nil }
  function rows.next()
    repeat
      i = i + 1
    until not list[i] or ("%x"):format(list[i].id) == id or ("%x"):format(list[i].group) == id
    return list[i]
  end
  return rows
end

-- --- all ---

-- What was changed by hand: group -> its layer, of those that fit.
local function layers_of(ctx, filter)
  local list, message, code = sw.store.records(ctx.who, { by_hand = record.LAYER })
  local layers = {}
  for _, r in ipairs(list and fitting(filter, list) or {}) do
    layers[r.group] = record.is_layer(r) and r or layers[r.group]
  end
  return list and layers, message, code
end

-- A layer is a row where nothing that fits lies under it.
local function lies_alone(ctx, filter, layer)
  local members = sw.store.records(ctx.who, { group = layer.group, bare = true }) or {}
  for _, m in ipairs(fitting(filter, members)) do
    if not record.is_layer(m) then
      return false
    end
  end
  return true
end

function record_rows.of(ctx, filter, id)
  if id then
    return of_id(ctx, filter, id)
  end
  local layers, message, code = layers_of(ctx, filter)
  local pages = layers and record_pages.of(ctx, filter)
  local rows = { failed = not layers and { message, code } or nil }
  function rows.next()
    local r = pages and pages.next()
    while r and record.is_layer(r) and not lies_alone(ctx, filter, r) do
      r = pages.next()
    end
    rows.failed = rows.failed or pages.failed
    return r and record.shown(r, layers[r.group], true)
  end
  return rows
end

return record_rows

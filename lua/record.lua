-- Records on their way in and out: from an importer's words to a row, from a row to people's JSON.
--   local row = record.row(ctx, draft, origin);  record.public(row) --> the shape of `records --json`
local fields = require("box.fields")

local record = {}

local json = sw.json

-- The first bytes of a text, no character cut in two.
local function cut(text, bytes)
  if #text <= bytes then
    return text
  end
  while bytes > 0 and text:byte(bytes + 1) & 0xC0 == 0x80 do
    bytes = bytes - 1
  end
  return text:sub(1, bytes)
end

-- Keep texts clean and figures at a precision that is the same whichever way they were computed.
local function tidy(value, depth)
  if type(value) == "number" then
    if math.type(value) == "integer" then
      return value
    end
    if value - value ~= 0 then
      return nil -- not a figure: an attribute that is not known
    end
    local r = math.floor(value * 1000 + 0.5) / 1000
    return r == math.floor(r) and math.abs(r) < 2 ^ 53 and math.floor(r) or r
  elseif type(value) == "string" then
    return cut(sw.sys.clean(value), 4096)
  elseif type(value) == "table" and depth < 6 then
    local out = {}
    for k, v in pairs(value) do
      out[k] = tidy(v, depth + 1)
    end
    return out
  end
  return value
end

function record.tidy(value)
  return tidy(value, 0)
end

local MOST = 1e15 -- beyond any figure of a body, and a whole number still prints as one
local shown = { name = "text", note = "text" } -- what any kind may be shown with; other names are not typed
for i = #fields.record_kinds, 1, -1 do
  for name, wanted in pairs(fields.of(fields.record_kinds[i])) do
    shown[name] = shown[name] or wanted
  end
end
local of_segment = { start = "time", finish = "time", stage = "text" }

-- A value as the vocabulary has it; nil where it cannot be: one record of odd types must not end whatever
-- lists, sums or exports them.
local function typed(wanted, value)
  local kind = type(value)
  if not wanted or wanted == "flag" and kind == "boolean" then
    return value
  elseif wanted == "text" then
    return kind ~= "table" and tostring(value) or nil
  elseif wanted == "list" or wanted == "map" or wanted == "flag" then
    return kind == "table" and wanted ~= "flag" and value or nil
  end
  local figure = (kind == "number" or kind == "string") and tonumber(value)
  return figure and math.abs(figure) <= MOST and figure or nil
end

local function typed_all(known, more, values)
  local out = {}
  for name, value in pairs(values) do
    if type(name) == "string" then
      out[name] = typed(known[name] or more[name], value)
    end
  end
  return out
end

-- Attributes and segments of a record, tidy and of the types that their names have.
function record.attributes(kind, values)
  return typed_all(fields.of(kind), shown, tidy(type(values) == "table" and values or {}, 0))
end

function record.segments(list)
  local out = {}
  for _, one in ipairs(type(list) == "table" and tidy(list, 0) or {}) do
    out[#out + 1] = type(one) == "table" and typed_all(of_segment, shown, one) or nil
  end
  return json.list(out)
end

local function clock_hour(ms, offset)
  return (ms // 60000 + offset) % 1440 / 60
end

-- Sleep belongs to the day of waking; the bed day is noon to noon; a short sleep by day is a nap.
local function complete_sleep(row, attributes)
  local length = row.finish - row.start
  local hour = clock_hour(row.start, row.offset_start)
  attributes.bed_day = sw.time.day_text(sw.time.day_of(row.start - 43200000, row.offset_start))
  attributes.nap = length < 3 * 3600000 and hour >= 8 and hour < 20 or nil
  row.day = sw.time.day_of(row.finish, row.offset_finish)
end

local function zones(ctx, draft)
  if draft.zone_unknown then
    return 0, 0, "unknown"
  elseif draft.offset_start then
    return draft.offset_start, draft.offset_finish or draft.offset_start, draft.zone_guessed and "unknown"
      or "provider"
  elseif draft.zone_guessed then
    return sw.time.offset(ctx.zone, draft.start), sw.time.offset(ctx.zone, draft.finish), "unknown"
  end
  return sw.time.offset(ctx.zone, draft.start), sw.time.offset(ctx.zone, draft.finish), "user"
end

-- The row of a draft {kind, external_id, start, finish, attributes, segments ...} for sw.txn:record.
function record.row(ctx, draft, origin, connection, provider)
  local row = { kind = draft.kind, external_id = cut(tostring(draft.external_id), 500), start = draft.start,
    finish = draft.finish, connection = connection, state = "final" }
  local attributes = record.attributes(draft.kind, draft.attributes)
  row.offset_start, row.offset_finish, row.zone_from = zones(ctx, draft)
  row.day = sw.time.day_of(row.start, row.offset_start)
  if draft.kind == "sleep" then
    complete_sleep(row, attributes)
  end
  row.type = attributes.sport or draft.type or draft.kind
  row.body = json.encode { attributes = attributes, segments = record.segments(draft.segments) }
  row.origin = { provider = provider, name = origin.name or "", maker = origin.maker or "",
    model = origin.model or "",
    kind = origin.kind or "", ident = origin.ident or "" }
  return row
end

local function public_segments(list, offset)
  local out = {}
  for i, s in ipairs(list or {}) do
    local copy = {}
    for k, v in pairs(type(s) == "table" and s or {}) do -- whoever wrote it may have written anything
      copy[k] = (k == "start" or k == "finish") and math.type(v) == "integer" and sw.time.iso(v, offset) or v
    end
    out[i] = copy
  end
  return json.list(out)
end

function record.public(r)
  return {
    id = ("%x"):format(r.id), kind = r.kind, type = r.type, start = sw.time.iso(r.start, r.offset_start),
    finish = sw.time.iso(r.finish, r.offset_finish), offset_start = r.offset_start,
      offset_finish = r.offset_finish,
    day = sw.time.day_text(r.day), provider = r.provider, origin = r.origin, maker = r.maker,
    group = ("%x"):format(r.group), revision = r.revision, edited = r.edited,
    attributes = r.body.attributes or {},
    segments = public_segments(r.body.segments, r.offset_start),
  }
end

-- What a person changed by hand lies over what the origins told, as a record of its own in the group.
record.LAYER = "edit:"

function record.is_layer(r)
  return r.provider == "manual" and r.external_id:sub(1, #record.LAYER) == record.LAYER
end

-- The members without those layers, and the layer (the last one, should there be several) or nil.
local function split(members)
  local rest, layer = {}, nil
  for _, m in ipairs(members) do
    if record.is_layer(m) then
      layer = m
    else
      rest[#rest + 1] = m
    end
  end
  return #rest > 0 and rest or members, #rest > 0 and layer or nil
end

-- A member as it is with the layer over it.
local function overlaid(r, layer)
  local copy, attributes, edited = {}, {}, {}
  for k, v in pairs(r) do
    copy[k] = v
  end
  for k, v in pairs(r.body.attributes or {}) do
    attributes[k] = v
  end
  for k, v in pairs(layer.body.attributes or {}) do
    attributes[k], edited[#edited + 1] = v, k ~= "times_set" and k or nil
  end
  if attributes.times_set then -- the layer's own times are meant, not those it was laid over
    edited[#edited + 1] = layer.start ~= r.start and "start" or nil
    edited[#edited + 1] = layer.finish ~= r.finish and "finish" or nil
    copy.start, copy.finish, attributes.times_set = layer.start, layer.finish, nil
  end
  table.sort(edited)
  copy.type = layer.body.attributes.sport and layer.type or r.type
  copy.body = { attributes = attributes, segments = r.body.segments }
  copy.edited = edited
  return copy
end

-- Rows as people see them: a layer is no row of its own, and its group's rows show what it says.
function record.fold(rows)
  local layers, own, out = {}, {}, {}
  for _, r in ipairs(rows) do
    if record.is_layer(r) then
      layers[r.group] = r
    else
      own[r.group] = true
    end
  end
  for _, r in ipairs(rows) do
    if not record.is_layer(r) then
      out[#out + 1] = layers[r.group] and overlaid(r, layers[r.group]) or r
    elseif not own[r.group] then
      out[#out + 1] = r
    end
  end
  return out
end

-- One row as people see it, nil for a layer that lies over others; layer: that of its group, if there is one.
function record.shown(r, layer, is_alone)
  if record.is_layer(r) then
    return is_alone and r or nil
  end
  return layer and overlaid(r, layer) or r
end

-- One view of a group: what was changed by hand, then each attribute from the member of best standing that
-- knows it; provider and maker of the best member, all of them in lists. What rules see as their event.
function record.merged(members)
  local layer
  members, layer = split(members)
  table.sort(members, function(a, b)
    if a.standing ~= b.standing then
      return a.standing < b.standing
    end
    return a.id < b.id
  end)
  local best = layer and overlaid(members[1], layer) or members[1]
  local view = { group = ("%x"):format(best.group), id = ("%x"):format(best.group), kind = best.kind,
    type = best.type,
    start = best.start, finish = best.finish, offset_start = best.offset_start,
      offset_finish = best.offset_finish,
    day = sw.time.day_text(best.day), provider = best.provider, origin = best.origin, maker = best.maker,
    revision = best.revision, attributes = {}, providers = {}, makers = {} }
  for _, m in ipairs(members) do
    view.providers[#view.providers + 1] = m.provider
    view.makers[#view.makers + 1] = m.maker
    for name, value in pairs((m == members[1] and best or m).body.attributes or {}) do
      if view.attributes[name] == nil then
        view.attributes[name] = value
      end
    end
  end
  view.attributes.elapsed_s = view.attributes.elapsed_s or (best.finish - best.start) / 1000
  return view
end

return record

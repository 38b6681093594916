-- What a service said of one record, from the archive (lua/raw.lua).
--   raw_item.of(ctx, row) --> { connection, resource, op, fetched, mapping, item = the object } | nil
-- The object is looked for by the record's id in the newest answers: the innermost one with it as a field.
local raw = require("raw")

local raw_item = {}

local TRIES, BYTES_MOST, DEEP = 60, 8 << 20, 30

local function is_id(value, id)
  return (type(value) == "string" or type(value) == "number") and tostring(value) == id
end

-- The innermost object with a field that is the id.
local function find(value, id, depth)
  if type(value) ~= "table" or depth > DEEP then
    return nil
  end
  for _, v in pairs(value) do
    local found = type(v) == "table" and find(v, id, depth + 1)
    if found then
      return found
    end
  end
  for k, v in pairs(value) do
    if type(k) == "string" and is_id(v, id) then
      return value
    end
  end
end

local function in_answers(ctx, item, id)
  for _, a in ipairs(raw.answers(ctx, item) or {}) do
    local value = a.body:find(id, 1, true) and sw.json.decode(a.body)
    local found = value and find(value, id, 0)
    if found then
      return found
    end
  end
end

local kinds = { page = true, posted = true }

function raw_item.of(ctx, row)
  local tries = 0
  for _, item in ipairs(sw.store.raw_items(ctx.who, { connection = row.connection, newest = true }) or {}) do
    if kinds[item.op] and item.bytes <= BYTES_MOST and tries < TRIES then
      tries = tries + 1
      local found = in_answers(ctx, item, row.external_id)
      if found then
        local name = row.connection_name
        return { connection = name ~= "main" and row.provider .. "/" .. name or row.provider, item = found,
          resource = item.resource, op = item.op, fetched = item.fetched, mapping = item.mapping }
      end
    end
  end
end

return raw_item

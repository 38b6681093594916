-- Where the cells of a table are: by name in a CSV header, by path in JSON, by alias and column in a
-- database. A name may be a list of names (the first that is there counts) and may say which of equal
-- names: "Distance#2".
--   local resolver = columns.csv({ "Date", "Weight (kg)" });  resolver("date") --> { at = 0 }
local columns = {}

local function plain(name)
  return (name:gsub("^\u{feff}", ""):lower():gsub("^%s+", ""):gsub("%s+$", ""):gsub("%s+", " "))
end

local function first_of(resolve)
  return function(at)
    if type(at) ~= "table" then
      return resolve(at)
    end
    for _, name in ipairs(at) do
      local place = resolve(name)
      if place then
        return place
      end
    end
  end
end

function columns.csv(header)
  local places = {}
  for i, name in ipairs(header) do
    local key = plain(name)
    local list = places[key] or {}
    places[key], list[#list + 1] = list, i - 1
  end
  return first_of(function(name)
    local base, nth = name:match("^(.*)#(%d)$")
    local list = places[plain(base or name)]
    local at = list and list[tonumber(nth or 1)]
    return at and { at = at } or nil
  end)
end

function columns.json()
  return first_of(function(path)
    return { path = path }
  end)
end

function columns.missing(resolver, names)
  for _, name in ipairs(names) do
    if not resolver(name) then
      return type(name) == "table" and name[1] or name
    end
  end
end

function columns.has_all(resolver, names)
  return not columns.missing(resolver, names)
end

local function aliases(t)
  local list = { { t.from:match("^(%S+)%s+(%S+)$") } }
  for _, join in ipairs(t.joins or {}) do
    list[#list + 1] = { join.table, join.alias, join.on, inner = join.inner }
  end
  return list
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list or {}) do
    set[name:lower()] = true
  end
  return set
end

-- nil when the table, or one that must be joined, is not in the database. Joins that are not there are
-- left out.
function columns.sqlite(t, tables)
  local known = {}
  for _, a in ipairs(aliases(t)) do
    local has = tables[a[1]]
    if not has and (a.inner or a[1] == t.from:match("^%S+")) then
      return nil
    end
    known[a[2]] = has and set_of(has) or nil
  end
  t.present = known
  return first_of(function(at)
    local alias, column = at:match("^(%w+)%.([%w_]+)$")
    return known[alias] and known[alias][column:lower()] and { expression = at } or nil
  end)
end

-- The question for a table: the fields in their order, from what is there of it.
function columns.select(t, fields)
  local list, from = {}, { t.from }
  for i, f in ipairs(fields) do
    list[i] = f.expression
  end
  for _, join in ipairs(t.joins or {}) do
    if t.present[join.alias] then
      from[#from + 1] = ("%s %s %s ON %s"):format(join.inner and "JOIN" or "LEFT JOIN", join.table,
        join.alias,
        join.on)
    end
  end
  return ("SELECT %s FROM %s ORDER BY %s"):format(table.concat(list, ", "), table.concat(from, " "), t.order)
end

return columns

-- Many records at once: which ones, and what happens to them. Each call is one run that `undo` takes back.
--   local list = bulk.select(ctx, "kind=workout sport=running day=2026-03-01..2026-03-07 distance_m>5000")
--   bulk.edit(ctx, list, edits.read(ctx, list, { "title=Evening run" }), "words for undo")  --> run, how many
-- The original stays as its origin told it: an edit is a record of the person's own that lies over it.
local fields = require("box.fields")
local edits = require("edits")
local home = require("home")
local record = require("record")
local record_pages = require("record_pages")
local schema = require("schema")
local spelling = require("box.spelling")
local when = require("when")
local written = require("written")

local json = sw.json
local bulk = {}

local MOST = 2000 -- records a transaction
local LIVE_MS = 48 * 3600000
local by_hand = { provider = "manual", name = "by hand", maker = "", model = "", kind = "manual",
  ident = "manual" }
local NAMED = { kind = true, type = true, day = true, provider = true, maker = true, origin = true,
  id = true, group = true, tag = true }
local of_members = { provider = true, maker = true, origin = true, id = true }

-- --- which ---

-- "a=b c d>=5" as conditions; words without an operator belong to the value before them, which may stand in
-- quotes.
local function parse(text)
  local list = {}
  for word in text:gmatch("%S+") do
    local key, op, value = word:match("^([%a_][%w_]*)([<>=]=?)(.*)$")
    if key and op:find("[<>]") and not edits.figure(key, value) then
      return nil, ("--where: '%s' compares with no figure such as distance_m>5000"):format(word), "usage"
    elseif key then
      list[#list + 1] = { key = key, op = op == "==" and "=" or op, value = value }
    elseif #list > 0 then
      list[#list].value = list[#list].value .. " " .. word
    else
      return nil, ("--where: '%s' is no condition such as sport=running"):format(word), "usage"
    end
  end
  if #list == 0 then
    return nil, "--where needs a condition such as \"kind=workout day=2026-03-01..2026-03-07\"", "usage"
  end
  for _, c in ipairs(list) do
    c.value = select(2, c.value:match("^(['\"])(.*)%1$")) or c.value
  end
  return list
end

local function days_of(ctx, conditions)
  for _, c in ipairs(conditions) do
    if c.key == "day" then
      local first, last = when.span(ctx, c.value)
      if not first or c.op ~= "=" then
        return nil, ("--where: day=%s is no day or span of days"):format(c.value), "usage"
      end
      return { first_day = first, last_day = last }
    end
  end
  return {}
end

local compare = {
  ["="] = function(a, b) return a == b end, ["<"] = function(a, b) return a < b end,
  [">"] = function(a, b) return a > b end, ["<="] = function(a, b) return a <= b end,
  [">="] = function(a, b) return a >= b end,
}

local function holds(c, value)
  if value == nil then
    return false
  elseif type(value) == "table" then
    for _, v in ipairs(value) do
      if tostring(v) == c.value then
        return true
      end
    end
    return false
  end
  local number = edits.figure(c.key, c.value) or tonumber(c.value)
  if type(value) == "number" and number then
    return compare[c.op](value, number)
  end
  return c.op == "=" and spelling.same(tostring(value), c.value)
end

local function value_of(view, key)
  if key == "tag" then
    return view.attributes.tags
  elseif NAMED[key] then
    return view[key]
  end
  return view.attributes[key]
end

local function member_value(m, key)
  return key == "id" and ("%x"):format(m.id) or m[key]
end

-- Members that the conditions on where something comes from leave, nil when the group is not meant.
local function matching(members, conditions)
  local copy = table.move(members, 1, #members, 1, {})
  local view, left = record.merged(copy), members
  for _, c in ipairs(conditions) do
    if of_members[c.key] then
      local fit = {}
      for _, m in ipairs(left) do
        fit[#fit + 1] = holds(c, member_value(m, c.key)) and m or nil
      end
      left = fit
    elseif c.key ~= "day" and c.key ~= "kind" and not holds(c, value_of(view, c.key)) then
      return nil
    end
  end
  return #left > 0 and { view = view, members = left, all = members } or nil
end

-- An attribute that no record has is a slip of the finger, not a condition nothing meets.
local function known_keys(conditions, names)
  for _, c in ipairs(conditions) do
    if not NAMED[c.key] and not names[c.key] then
      for name in pairs(NAMED) do
        names[name] = true
      end
      return nil, ("--where: no record there has '%s'%s"):format(c.key, schema.did_you_mean(c.key,
        schema.keys(names))), "usage"
    end
  end
  return true
end

-- The groups of a kind, in order of their first member; names: gathers what attributes are called.
local function groups_of(ctx, filter, kind, names)
  local asked, groups, order = { kind = kind, first_day = filter.first_day, last_day = filter.last_day,
    bare = true }, {}, {}
  local pages = record_pages.of(ctx, asked)
  for r in pages.next do
    if not groups[r.group] then
      groups[r.group] = {}
      order[#order + 1] = groups[r.group]
    end
    table.insert(groups[r.group], r)
    for name in pairs(r.body.attributes or {}) do
      names[name] = true
    end
  end
  if pages.failed then
    return nil, table.unpack(pages.failed)
  end
  return order
end

local function earlier(a, b)
  a, b = a.all[1], b.all[1]
  return a.start < b.start or a.start == b.start and a.id < b.id
end

-- Of all groups only those that are meant are kept, a kind after the other.
local function meant(ctx, conditions, filter, kinds)
  local list, names, found = {}, {}, 0
  for _, kind in ipairs(kinds) do
    local groups, message, code = groups_of(ctx, filter, kind, names)
    if not groups then
      return nil, message, code
    end
    found = found + #groups
    for i, members in ipairs(groups) do
      list[#list + 1], groups[i] = matching(members, conditions), false
    end
  end
  if found > 0 then
    local ok, message, code = known_keys(conditions, names)
    if not ok then
      return nil, message, code
    end
  end
  table.sort(list, earlier)
  return list
end

-- { { view, members = those meant, all }, ... } in order of time.
function bulk.select(ctx, where)
  local conditions, message, code = parse(where or "")
  local filter
  if conditions then
    filter, message, code = days_of(ctx, conditions)
  end
  if not filter then
    return nil, message, code
  end
  local kinds
  for _, c in ipairs(conditions) do
    kinds = c.key == "kind" and { c.value } or kinds
  end
  if kinds and not fields.is_record[kinds[1]] then
    return nil, ("--where: there is no kind of record '%s'%s"):format(kinds[1],
      schema.one_of(kinds[1], fields.record_kinds)), "usage"
  elseif not kinds then
    kinds, message, code = sw.store.kinds(ctx.who)
  end
  if not kinds then
    return nil, message, code
  end
  return meant(ctx, conditions, filter, kinds)
end

-- --- what happens ---

-- Parts of a run: the first names it, the others go on with its number.
local function in_parts(ctx, what, text, list, each)
  local run, body, n = 0, json.encode { what = what, text = text }, 0
  for from = 1, #list, MOST do
    local t = home.txn(ctx)
    t:undo(run, body)
    for i = from, math.min(from + MOST - 1, #list) do
      n = n + each(t, list[i])
    end
    t:dispatch(sw.time.now() - LIVE_MS)
    local done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
    run = done[1]
  end
  local ok, message, code = home.settle(ctx)
  if not ok then
    return nil, message, code
  end
  return run, n
end

-- The number of the origin that people's own hands are, made where it is not there yet.
function bulk.own_origin(ctx)
  local t = home.txn(ctx)
  t:origin(by_hand)
  local done, message, code = t:commit()
  return done and done[1], message, code
end

-- Where what people write by hand comes from: its connection and its origin.
function bulk.own(ctx)
  local connection, message, code = bulk.connection(ctx)
  if not connection then
    return nil, message, code
  end
  local own
  own, message, code = bulk.own_origin(ctx)
  if not own then
    return nil, message, code
  end
  return connection, own
end

local COUNTED = { meal = true, mindful = true }

-- What a record that was written by hand gives its day: a meal's energy goes and changes with the meal.
local function is_counted(e, members)
  for _, m in ipairs(members) do
    if m.provider == "manual" and not record.is_layer(m) and COUNTED[e.view.kind] then
      return true
    end
  end
end

local function values_gone(t, own, view)
  for _, v in ipairs(written.values(view.kind, view.attributes)) do
    t:samples_gone(v[1], own, { { view.start, v[2], v[3], view.offset_start } })
  end
end

local function values_follow(t, own, view, row)
  local attributes = {}
  for _, source in ipairs { view.attributes, json.decode(row.body).attributes } do
    for k, v in pairs(source) do
      attributes[k] = v
    end
  end
  values_gone(t, own, view)
  for _, v in ipairs(written.values(view.kind, attributes)) do
    t:samples(v[1], own, { { row.start, v[2], v[3], view.offset_start } })
  end
end

function bulk.delete(ctx, list, text)
  local own, message, code = bulk.own_origin(ctx)
  if not own then
    return nil, message, code
  end
  return in_parts(ctx, "delete", text, list, function(t, e)
    local gone = 0
    for _, m in ipairs(e.members) do
      if not record.is_layer(m) or #e.members == #e.all then
        t:record_delete(m.id, m.kind)
        gone = gone + 1
      end
    end
    if is_counted(e, e.members) then
      values_gone(t, own, e.view)
    end
    return gone
  end)
end

local function layer_of(e)
  for _, m in ipairs(e.all) do
    if record.is_layer(m) then
      return m
    end
  end
end

-- What was set before stays set.
local function base_of(e)
  local layer, attributes = layer_of(e), {}
  for k, v in pairs(layer and layer.body.attributes or {}) do
    attributes[k] = v
  end
  return attributes
end

local function layer_row(ctx, e, changes, times, connection)
  local attributes = base_of(e)
  for k, v in pairs(changes) do
    attributes[k] = v
  end
  local start, finish = edits.span(ctx, e.view, times)
  if next(times) then
    attributes.times_set, attributes.elapsed_s = true, changes.elapsed_s or (finish - start) / 1000
  end
  local row = record.row(ctx, { kind = e.view.kind, external_id = record.LAYER .. e.view.group,
    start = start, finish = finish, offset_start = e.view.offset_start,
    offset_finish = e.view.offset_finish, attributes = attributes, type = e.view.type }, by_hand, connection,
    "manual")
  row.into_group = e.all[1].group
  return row
end

-- The connection of what is written by hand, made where it is not there yet.
function bulk.connection(ctx)
  local t = home.txn(ctx)
  t:connection("manual", "manual")
  local done, message, code = t:commit()
  return done and done[1], message, code
end

local function change(ctx, what, list, text, changes_of, times)
  local connection, own, code = bulk.own(ctx)
  if not connection then
    return nil, own, code
  end
  return in_parts(ctx, what, text, list, function(t, e)
    local row = layer_row(ctx, e, changes_of(e), times or {}, connection)
    t:record(row)
    if what == "edit" and is_counted(e, e.all) then
      values_follow(t, own, e.view, row)
    end
    return 1
  end)
end

-- changes: what edits.read gives.
function bulk.edit(ctx, list, changes, text)
  return change(ctx, "edit", list, text, function()
    return changes.attributes
  end, changes.times)
end

function bulk.tag(ctx, list, tags, text)
  return change(ctx, "tag", list, text, function(e)
    local all, seen = json.list(), {}
    for _, source in ipairs { e.view.attributes.tags or {}, tags } do
      for _, tag in ipairs(source) do
        all[#all + 1] = not seen[tag] and tag or nil
        seen[tag] = true
      end
    end
    table.sort(all)
    return { tags = all }
  end)
end

return bulk

-- Groups by hand: records that are one event are joined, one that is another is split off. A choice stands
-- for good (documents group_choice, which the store reads when a record comes anew), and names that groups
-- had before lead to where their event is now (documents group_alias).
--   grouping.join(ctx, { "1f0...", "2a9..." })  --> { run, group, members, gone } | nil, message, code
--   grouping.split(ctx, "2a9...")               --> { run, group, from }
--   grouping.resolve(ctx, "2a9...") --> the present name of that group
--   grouping.members(ctx, "2a9...") --> its records
-- Of several groups the one that a rule acted for stays, else the one that starts first.
local home = require("home")
local record = require("record")
local undo = require("undo")

local json = sw.json
local grouping = {}

local LIVE_MS, NEAR_MS, HOPS = 48 * 3600000, 47 * 3600000, 16
local CHOICE, ALIAS = "group_choice", "group_alias"

local function hex(id)
  return ("%x"):format(id)
end

local function number(text)
  return math.tointeger(tonumber(text, 16))
end

function grouping.resolve(ctx, name)
  for _ = 1, HOPS do
    local doc = sw.store.doc(ctx.who, ALIAS, name)
    if not doc then
      break
    end
    name = hex(doc.body)
  end
  return name
end

-- All names the group is or was known by.
function grouping.names(ctx, name)
  local names = { name }
  for _, doc in ipairs(sw.store.docs(ctx.who, ALIAS, {}) or {}) do
    if doc.name ~= name and grouping.resolve(ctx, doc.name) == name then
      names[#names + 1] = doc.name
    end
  end
  return names
end

-- The members of the group that a word names: a record's id, a group's, or one it had before.
local function members_of(ctx, word)
  local id = #word <= 16 and word:find("^%x+$") and number(word)
  if not id then
    return nil, ("'%s' is no id; `syncwell records KIND --json` shows them"):format(word), "usage"
  end
  local rows = sw.store.records(ctx.who, { id = id }) or {}
  local group = rows[1] and rows[1].group or number(grouping.resolve(ctx, hex(id)))
  local members, message, code = sw.store.records(ctx.who, { group = group })
  if not members then
    return nil, message, code
  elseif #members == 0 then
    return nil, ("there is no record or group '%s'"):format(word), "notfound"
  end
  return { id = group, members = members, record = rows[1] }
end

-- The records of the event that a word names.
function grouping.members(ctx, word)
  local found, message, code = members_of(ctx, word)
  return found and found.members, message, code
end

local function has_fired(ctx, group)
  for _, doc in ipairs(sw.store.docs(ctx.who, "firing", { newest = true, limit = 5000 }) or {}) do
    if doc.body.event and doc.body.event.group == hex(group.id) then
      return true
    end
  end
  return false
end

local function put(t, kind, name, id)
  t:undo_doc_was(kind, name)
  t:doc(kind, name, tostring(id), { at = 0 })
end

local function choose(t, rows, group)
  for _, r in ipairs(rows) do
    put(t, CHOICE, hex(r.id), group)
  end
end

local function tell(t, kind, what, group)
  t:event(json.encode { event = ("%s.%s"):format(kind, what), group = group, record = 0, start = 0,
    finish = 0 })
end

local function commit(ctx, t)
  t:dispatch(sw.time.now() - LIVE_MS)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  local ok, why, kind = home.settle(ctx)
  if not ok then
    return nil, why, kind
  end
  return done[1]
end

-- --- join ---

local function start_of(group)
  local first = group.members[1].start
  for _, m in ipairs(group.members) do
    first = math.min(first, m.start)
  end
  return first
end

-- Distinct groups, the one that stays first.
local function groups_of(ctx, words)
  local list, seen = {}, {}
  for _, word in ipairs(words) do
    local g, message, code = members_of(ctx, word)
    if not g then
      return nil, message, code
    elseif not seen[g.id] then
      seen[g.id] = true
      g.start, g.fired = start_of(g), has_fired(ctx, g)
      list[#list + 1] = g
    end
  end
  table.sort(list, function(a, b)
    if a.fired ~= b.fired then
      return a.fired
    elseif a.start ~= b.start then
      return a.start < b.start
    end
    return a.id < b.id
  end)
  return list
end

local function problem_of(list)
  if #list < 2 then
    return "these are one event already"
  end
  for _, g in ipairs(list) do
    if g.members[1].kind ~= list[1].members[1].kind then
      return ("a %s and a %s are no one event"):format(list[1].members[1].kind, g.members[1].kind)
    elseif math.abs(g.start - list[1].start) > NEAR_MS then
      return "what starts two days apart is no one event"
    end
  end
end

function grouping.join(ctx, words)
  local list, message, code = groups_of(ctx, words)
  local problem = list and problem_of(list)
  if not list or problem then
    return nil, problem or message, code or "usage"
  end
  local into, kind, gone, n = list[1], list[1].members[1].kind, json.list(), 0
  local t = home.txn(ctx)
  undo.begin(t, "join", "records join " .. table.concat(words, " "))
  for i, g in ipairs(list) do
    choose(t, g.members, into.id)
    n = n + #g.members
    if i > 1 then
      gone[i - 1] = hex(g.id)
      t:group_join(g.id, into.id)
      put(t, ALIAS, hex(g.id), into.id)
      if g.fired then -- what a rule did for it was done for the same event a second time
        tell(t, kind, "retracted", g.id)
      end
    end
  end
  tell(t, kind, "updated", into.id)
  local run, why, how = commit(ctx, t)
  if not run then
    return nil, why, how
  end
  return { run = run, group = hex(into.id), members = n, gone = gone }
end

-- --- split ---

-- The name of the part that leaves: the record's own, if that is free (or led to where it leaves from), else
-- a name made from it.
local function name_of_part(ctx, r, from)
  local own = hex(r.id)
  local alias = sw.store.doc(ctx.who, ALIAS, own)
  local taken = r.id == from or #(sw.store.records(ctx.who, { group = r.id }) or {}) > 0
    or alias and number(grouping.resolve(ctx, own)) ~= from
  if not taken then
    return r.id, alias and own
  end
  return number(sw.sys.hash("split\0" .. own .. "\0" .. hex(from)):sub(1, 15)), nil
end

local function splittable(g, word)
  local ids, n = {}, 0
  for _, m in ipairs(g.members) do
    ids[#ids + 1] = hex(m.id)
    n = n + (record.is_layer(m) and 0 or 1)
  end
  if n < 2 then
    return nil, "it stands alone already"
  elseif not g.record then
    return nil, ("%s is the group; name the record that leaves it: %s"):format(word, table.concat(ids, ", "))
  elseif record.is_layer(g.record) then
    return nil, "that is an edit of yours: take it back with `syncwell undo`"
  end
  return true
end

function grouping.split(ctx, word)
  local g, message, code = members_of(ctx, word)
  local fine, why
  if g then
    fine, why = splittable(g, word)
  end
  if not fine then
    return nil, why or message, code or "usage"
  end
  local r = g.record
  local part, freed = name_of_part(ctx, r, g.id)
  local t = home.txn(ctx)
  undo.begin(t, "split", "records split " .. word)
  choose(t, g.members, g.id)
  put(t, CHOICE, hex(r.id), part)
  if freed then
    t:undo_doc_was(ALIAS, freed)
    t:doc_delete(ALIAS, freed)
  end
  t:group_move(r.id, part)
  tell(t, r.kind, "updated", g.id)
  tell(t, r.kind, "created", part)
  local run
  run, message, code = commit(ctx, t)
  if not run then
    return nil, message, code
  end
  return { run = run, group = hex(part), from = hex(g.id) }
end

return grouping

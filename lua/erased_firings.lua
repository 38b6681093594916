-- What rules did about events that are erased: their firings with all that hangs on them, so that none of it
-- is told later or can be read.
--   erased_firings.of_connection(ctx, c)     --> documents of firings about records that only it brought
--   erased_firings.remove(ctx, t, firings)   into the transaction that erases
--   erased_firings.keys(ctx, docs)           --> { [key of an action] = true }: notification logs name it so
-- What was said of days and values (digests, thresholds) stays: it is of all sources together.
local calendar = require("calendar")
local fields = require("box.fields")
local firing = require("firing")
local modes = require("modes")
local record = require("record")
local steps = require("steps")
local tasks = require("tasks")

local json = sw.json
local erased_firings = {}

local FORGOTTEN_MOST = 20 -- actions of a firing whose details were forgotten (lua/trace_keeping.lua)

-- --- which ones ---

-- Records of the event, deleted ones too.
local function members_of(ctx, event)
  local group = math.tointeger(tonumber(tostring(event.group or event.id), 16))
  local start = type(event.start) == "string" and sw.time.parse(event.start) or event.start
  local list = group and sw.store.records(ctx.who, { group = group, bare = true }) or {}
  for _, r in ipairs(start and sw.store.records(ctx.who, { kind = event.kind, from = start, to = start + 1,
    deleted = true, bare = true }) or {}) do
    list[#list + 1] = r.group == group and r or nil
  end
  return list
end

local function is_only_of(ctx, c, event)
  if not fields.is_record[event.kind] then
    return false
  end
  local any = false
  for _, r in ipairs(members_of(ctx, event)) do
    if r.connection == c.id then
      any = true
    elseif not record.is_layer(r) then
      return false
    end
  end
  return any
end

-- Also news of the connection itself, and what a button under such a message set off.
function erased_firings.of_connection(ctx, c)
  local all, message, code = sw.store.docs(ctx.who, "firing", {})
  if not all then
    return nil, message, code
  end
  local number, list, names = tostring(c.id), {}, {}
  for _, doc in ipairs(all) do
    if doc.name:find(number, 1, true) or is_only_of(ctx, c, doc.body.event or {}) then
      list[#list + 1], names[doc.name] = doc, true
    end
  end
  for _, doc in ipairs(all) do
    local cause = (doc.body.chain or {})[1]
    if names[cause] and not names[doc.name] then
      list[#list + 1], names[doc.name] = doc, true
    end
  end
  return list
end

-- --- what hangs on them ---

local function each_action(ctx, doc)
  local actions = doc.body.actions or {}
  local n, last = 0, doc.body.forgotten and FORGOTTEN_MOST or #actions
  return function()
    n = n + 1
    if n <= last then
      return n, firing.action_key(ctx, doc.name, n), actions[n]
    end
  end
end

function erased_firings.keys(ctx, docs)
  local keys = {}
  for _, doc in ipairs(docs) do
    for _, key in each_action(ctx, doc) do
      keys[key] = true
    end
  end
  return keys
end

local function remove_actions(ctx, t, doc)
  for n, key, a in each_action(ctx, doc) do
    local name = ("%s#%d"):format(doc.name, n)
    t:doc_delete(".delivery", name)
    t:job_cancel("action", name)
    t:doc_delete("task", tasks.id_of(key))
    calendar.forget(ctx, t, key, a and a.args and a.args.uid)
  end
end

local function remove_waiting(t, doc, kept)
  t:doc_delete("wait", doc.name)
  t:doc_delete("steps", doc.name)
  for _, n in ipairs { 0, kept and kept.body.wait and kept.body.wait.n or nil } do
    t:job_cancel("step", ("%s@%d"):format(doc.name, n))
    t:job_cancel("request", ("%s@%d"):format(doc.name, n))
  end
end

-- A rule that does one thing at a time is not left waiting for what is gone.
local function leave_modes(ctx, t, names, rules)
  for rule in pairs(rules) do
    local m = modes.held(ctx, rule)
    local next_one = m and modes.forget(t, m, names)
    if next_one then
      steps.job(t, next_one, 0, sw.time.now())
    end
  end
end

local function remove_links(ctx, t, names)
  for _, doc in ipairs(sw.store.docs(ctx.who, ".button", {}) or {}) do
    if names[doc.body.firing] then
      t:doc_delete(".button", doc.name)
    end
  end
end

-- Messages that wait to go out together.
local function remove_gathered(ctx, t, keys)
  for _, doc in ipairs(sw.store.docs(ctx.who, ".group", {}) or {}) do
    local items = json.list()
    for _, item in ipairs(doc.body.items) do
      items[#items + 1] = not keys[item.key] and item or nil
    end
    if #items == 0 then
      t:doc_delete(".group", doc.name)
      t:job_cancel("digest", doc.name)
    elseif #items < #doc.body.items then
      doc.body.items = items
      t:doc(".group", doc.name, json.encode(doc.body), { revision = doc.revision })
    end
  end
end

function erased_firings.remove(ctx, t, docs)
  local names, rules = {}, {}
  for _, doc in ipairs(docs) do
    names[doc.name], rules[doc.body.rule] = true, true
    remove_actions(ctx, t, doc)
    remove_waiting(t, doc, sw.store.doc(ctx.who, "steps", doc.name))
    t:doc_delete("firing", doc.name)
  end
  leave_modes(ctx, t, names, rules)
  remove_links(ctx, t, names)
  remove_gathered(ctx, t, erased_firings.keys(ctx, docs))
end

-- Events that wait for quiet, of records that only this connection brought.
function erased_firings.remove_debounced(ctx, t, c)
  for _, doc in ipairs(sw.store.docs(ctx.who, "debounce", {}) or {}) do
    local event = doc.body.event
    if event and is_only_of(ctx, c, event) then
      t:doc_delete("debounce", doc.name)
      t:job_cancel("debounce", ("%s@%d"):format(doc.name, doc.body.due))
    end
  end
end

return erased_firings

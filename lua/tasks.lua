-- Tasks of a person, which rules write and the person ends: a document each, in the calendar feed as VTODO.
--   tasks.add(ctx, key, { title, due, notes, rule })   --> "done"; the same key again adds nothing
--   tasks.list(ctx)   tasks.done(ctx, "3f2a")   tasks.remove(ctx, "3f2a")     an id may be shortened
local calendar = require("calendar")
local home = require("home")

local json = sw.json
local tasks = {}

local MOST, ID_BYTES = 1000, 8
local FIRST_MS, LAST_MS = -2208988800000, 3471292800000 -- 1900 to 2079, as everywhere

local function public(ctx, doc)
  local b = doc.body
  local function iso(ms)
    return ms and sw.time.iso(ms // 1000 * 1000, home.offset(ctx, ms)) or nil
  end
  return { id = doc.name, title = b.title, notes = b.notes, due = iso(b.due), made = iso(b.made),
    done = iso(b.done), rule = b.rule }
end

local function rows(ctx)
  return sw.store.docs(ctx.who, "task", { limit = 10 * MOST })
end

-- Open ones first, those with a date in its order; then what is done, the newest first.
local function before(a, b)
  local x, y = a.body, b.body
  if (x.done == nil) ~= (y.done == nil) then
    return x.done == nil
  elseif x.done then
    return x.done > y.done or x.done == y.done and a.name < b.name
  end
  local due, other = x.due or math.huge, y.due or math.huge
  return due < other or due == other and (x.made < y.made or x.made == y.made and a.name < b.name)
end

function tasks.list(ctx)
  local docs, message, code = rows(ctx)
  if not docs then
    return nil, message, code
  end
  table.sort(docs, before)
  local list = json.list()
  for i, doc in ipairs(docs) do
    list[i] = public(ctx, doc)
  end
  return list
end

local function open_ones(docs)
  local n = 0
  for _, doc in ipairs(docs) do
    n = n + (doc.body.done and 0 or 1)
  end
  return n
end

-- The id of the task that this action wrote.
function tasks.id_of(key)
  return sw.sys.hash(key):sub(1, ID_BYTES)
end

function tasks.add(ctx, key, spec)
  if spec.due and not (spec.due >= FIRST_MS and spec.due <= LAST_MS) then
    return nil, "a task is due between 1900 and 2079", "bad"
  end
  local id = tasks.id_of(key)
  local docs, message, code = rows(ctx)
  if not docs then
    return nil, message, code
  elseif sw.store.doc(ctx.who, "task", id) then
    return calendar.written(ctx)
  elseif open_ones(docs) >= MOST then
    return nil, ("there are %d open tasks already; end some with: syncwell tasks done ID"):format(MOST), "bad"
  end
  local t = home.txn(ctx)
  t:doc("task", id, json.encode { title = sw.sys.clean(spec.title):sub(1, 500), due = spec.due,
    notes = spec.notes and sw.sys.clean(spec.notes, true):sub(1, 4000), made = sw.time.now(),
    rule = spec.rule }, { mode = "new", at = spec.due or sw.time.now() })
  local ok
  ok, message, code = t:commit()
  if not ok and code ~= "conflict" then
    return nil, message, code
  end
  return calendar.written(ctx)
end

-- The one task whose id begins like that.
function tasks.find(ctx, word)
  local docs, message, code = rows(ctx)
  if not docs then
    return nil, message, code
  end
  local found
  for _, doc in ipairs(docs) do
    if word and word ~= "" and doc.name:sub(1, #word) == word:lower() then
      if found then
        return nil, ("'%s' begins the id of several tasks; write more of it"):format(word), "usage"
      end
      found = doc
    end
  end
  if not found then
    return nil, ("there is no task '%s'; `syncwell tasks` lists them"):format(tostring(word)), "usage"
  end
  return found
end

local function changed(ctx, t, doc)
  local ok, message, code = t:commit()
  if ok then
    ok, message, code = calendar.written(ctx)
  end
  return ok and public(ctx, doc) or nil, message, code
end

function tasks.done(ctx, word)
  local doc, message, code = tasks.find(ctx, word)
  if not doc then
    return nil, message, code
  elseif doc.body.done then
    return public(ctx, doc)
  end
  doc.body.done = sw.time.now()
  local t = home.txn(ctx)
  t:doc("task", doc.name, json.encode(doc.body), { revision = doc.revision, at = doc.at })
  return changed(ctx, t, doc)
end

function tasks.remove(ctx, word)
  local doc, message, code = tasks.find(ctx, word)
  if not doc then
    return nil, message, code
  end
  local t = home.txn(ctx)
  t:doc_delete("task", doc.name)
  return changed(ctx, t, doc)
end

return tasks

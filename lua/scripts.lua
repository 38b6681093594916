-- Loading scripts into the box: a package whose sources have not changed is not loaded again, and two
-- tasks never load one package at a time (a load replaces the files of the one before it).
--   local results = scripts.load(user, package, { { name, source } ... } [, ctx])
--     --> { { ok, out, error } ... }
-- With ctx, what a package declared is remembered in the home: as long as sources and library stay the
-- same, its files go into a box only when something of it runs.
--   scripts.ready(user, package)   before a run: true, or nil, message, code
local home = require("home")
local same = require("same")

local json = sw.json
local scripts = {}

local kept = {} -- user, package -> { mark, results, busy, waiting = list not in a box yet }

local function mark_of(list)
  local parts = {}
  for i, file in ipairs(list) do
    parts[i] = file.name .. "\0" .. #file.source .. "\0" .. file.source
  end
  return table.concat(parts, "\0")
end

local library -- names and times of what reads the declarations

local function stamp_of(mark)
  if not library then
    local dir, parts = sw.sys.share() .. "/lua/box", {}
    for _, name in ipairs(sw.fs.list(dir) or {}) do
      local st = sw.fs.stat(dir .. "/" .. name)
      parts[#parts + 1] = ("%s %d"):format(name, st and st.mtime_ms // 1 or 0)
    end
    library = table.concat(parts, "\n")
  end
  return sw.sys.hash(mark .. "\0" .. library)
end

-- Only what comes back from the store as it was; a script that fails is asked again each time.
local function remember(ctx, package, stamp, results)
  local list = {}
  for i, r in ipairs(results) do
    list[i] = r.ok and { ok = true, name = r.name, out = { declaration = r.out.declaration } } or nil
  end
  local ok, text = pcall(json.encode, { stamp = stamp, results = list })
  local back = ok and #list == #results and json.decode(text)
  if back and same(back.results, list) then
    local t = home.txn(ctx)
    t:doc(".declared", package, text)
    t:commit()
  end
end

local function recall(ctx, package, stamp)
  local doc = sw.store.doc(ctx.who, ".declared", package)
  return doc and doc.body.stamp == stamp and doc.body.results or nil
end

local function put_in_box(p, user, package, list)
  p.busy = true
  local ok, results, message, code = pcall(sw.box.load, user, package, list)
  p.busy = false
  if not ok then
    error(results, 0)
  end
  return results, message, code
end

function scripts.load(user, package, list, ctx)
  local key = user .. "\0" .. package
  local p = kept[key] or {}
  kept[key] = p
  while p.busy do
    sw.sys.sleep(5)
  end
  local mark = mark_of(list)
  if p.mark == mark then
    return p.results
  end
  local stamp = ctx and stamp_of(mark)
  local known = ctx and recall(ctx, package, stamp)
  if known then
    p.mark, p.results, p.waiting = mark, known, list
    return known
  end
  p.mark, p.waiting = nil, nil
  local results, message, code = put_in_box(p, user, package, list)
  if not results then
    return nil, message, code
  end
  for _, r in ipairs(results) do
    if not r.ok and not (r.error and r.error.line) then
      return results -- a worker that was lost says nothing about the script: try again next time
    end
  end
  p.mark, p.results = mark, results
  if ctx then
    remember(ctx, package, stamp, results)
  end
  return results
end

-- Whether what the last load said of a package stands until its files change.
function scripts.settled(user, package)
  local p = kept[user .. "\0" .. package]
  return p ~= nil and p.mark ~= nil and not p.busy
end

function scripts.ready(user, package)
  local p = kept[user .. "\0" .. package]
  while p and p.busy do
    sw.sys.sleep(5)
  end
  if not p or not p.waiting then
    return true
  end
  local list = p.waiting
  p.waiting = nil
  local results, message, code = put_in_box(p, user, package, list)
  if not results then
    p.waiting = list
    return nil, message, code
  end
  return true
end

return scripts

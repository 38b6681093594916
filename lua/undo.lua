-- Runs that can be taken back: an import, an edit, a deletion, a tag, something logged. Each has a number.
--   local run = undo.begin(t, "edit", "records edit --where ...")   -- what follows in t belongs to it
--   undo.list(ctx) --> { { run, what, text, at, undone }, ... }, the newest first
--   undo.take_back(ctx, run) --> { records, samples, totals, kept } | nil, message, code
local home = require("home")

local json = sw.json
local undo = {}

local PART = 500

-- The first operation of a transaction; its result is the run's number.
function undo.begin(t, what, text)
  t:undo(0, json.encode { what = what, text = text })
end

-- What `write` adds to the transaction belongs to a run that nobody asked for: a sync, a posted document.
-- Such runs have a list of their own and are never the last one.
function undo.around(t, run, what, text, write)
  t:undo_of(run)
  write()
  t:undo_end(json.encode { what = what, text = text })
end

local RUNS, SYNCS = ".undo_run", ".undo_sync"
undo.kinds = { RUNS, SYNCS }

function undo.list(ctx, limit, syncs)
  local docs, message, code = sw.store.docs(ctx.who, syncs and SYNCS or RUNS,
    { newest = true, limit = limit })
  if not docs then
    return nil, message, code
  end
  local list = {}
  for i, d in ipairs(docs) do
    list[i] = { run = math.tointeger(tonumber(d.name)), what = d.body.what, text = d.body.text, at = d.at,
      undone = d.body.undone or false }
  end
  table.sort(list, function(a, b)
    return a.run > b.run
  end)
  return list
end

-- The run with that number, or nil and why it cannot be taken back.
function undo.find(ctx, run)
  local doc = sw.store.doc(ctx.who, RUNS, tostring(run)) or nil
  local kind = doc and RUNS or SYNCS
  doc = doc or sw.store.doc(ctx.who, SYNCS, tostring(run))
  if not doc then
    return nil, ("there is no run %s to take back; `syncwell undo` lists those there are")
      :format(tostring(run)), "usage"
  elseif doc.body.undone then
    return nil, ("run %s was taken back already"):format(tostring(run)), "usage"
  end
  return { run = run, what = doc.body.what, text = doc.body.text, at = doc.at, kind = kind }
end

function undo.last(ctx)
  local list, message, code = undo.list(ctx)
  if not list then
    return nil, message, code
  end
  for _, r in ipairs(list) do
    if not r.undone then
      return r
    end
  end
  return nil, "there is nothing to take back", "usage"
end

local function is_running(ctx, run)
  for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    if job.id == run and job.state ~= "given_up" then
      return true
    end
  end
end

local function add(total, part)
  for _, k in ipairs { "records", "samples", "totals", "kept" } do
    total[k] = (total[k] or 0) + part[k]
  end
end

-- In parts, so that a run of millions of samples holds nothing up; killed in between, it goes on when it is
-- asked for again.
function undo.take_back(ctx, r, show)
  if is_running(ctx, r.run) then
    return nil, ("run %d is not at its end yet: wait for it"):format(r.run), "busy"
  end
  local total, left = {}, true
  while left do
    local t = home.txn(ctx)
    t:take_back(r.run, PART)
    t:dispatch(0)
    local done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
    add(total, done[1])
    left = done[1].left
    if show then
      show(total)
    end
  end
  local t = home.txn(ctx)
  t:doc(r.kind or RUNS, tostring(r.run), json.encode { what = r.what, text = r.text, undone = true },
    { at = r.at })
  local ok, message, code = t:commit()
  if ok then
    ok, message, code = home.settle(ctx)
  end
  if not ok then
    return nil, message, code
  end
  return total
end

-- Into a transaction that erases a connection: what its syncs brought is gone, there is nothing to take back.
function undo.forget_syncs(ctx, t, title)
  for _, doc in ipairs(sw.store.docs(ctx.who, SYNCS, {}) or {}) do
    if doc.body.text == title then
      t:undo_forget(tonumber(doc.name), 1000000)
      t:doc_delete(SYNCS, doc.name)
    end
  end
end

return undo

-- Erasure: rows, files and the bytes they leave in the database file; what cannot be reached is named.
--   erasing.person(ctx, person)   erasing.connection(ctx, c)
--       --> { erased, backups = { paths that hold it }, moved = { paths where one lay }, notes = path }
--   erasing.pending(ctx)          --> erasures that a kill or a busy database kept from their end
--   erasing.finish(ctx, e)        one of them to its end, the same answer; all: nil, message, code
-- The rows go in one transaction, which leaves a mark without a word of anybody. What is left to do stands in
-- a file of the home until it is done, so that neither bytes nor backups are forgotten.
local backup_holders = require("backup_holders")
local calendar = require("calendar")
local connections = require("connections")
local erased_firings = require("erased_firings")
local home = require("home")
local note_lines = require("note_lines")
local post = require("post")
local restoring = require("restoring")
local scratch = require("scratch")
local signin = require("signin")
local undo = require("undo")

local json = sw.json
local erasing = {}

local PREFIX, MARK, LOOK_MS = ".erasing-", ".erasing", 50

local function list_of(set)
  local list = json.list()
  for one in pairs(set) do
    list[#list + 1] = one
  end
  return list
end

local function set_of(list)
  local set = {}
  for _, one in ipairs(list) do
    set[one] = true
  end
  return set
end

-- --- what is to be done after the transaction ---

local function path_of(ctx, mark)
  return ctx.home .. "/" .. PREFIX .. mark
end

-- Whoever holds the lock may tell a file whose transaction is still to come from one whose never came. Others
-- ask again: an engine that waited in the lock itself would stand still, also with what holds it.
local function lock(ctx)
  local held, message, code
  repeat
    held, message, code = sw.fs.lock(ctx.home .. "/.erasing.lock")
    if code == "busy" then
      sw.sys.sleep(LOOK_MS)
    end
  until code ~= "busy"
  return held, message, code
end

local function files(ctx)
  local list = {}
  for _, name in ipairs(sw.fs.list(ctx.home) or {}) do
    local mark = name:sub(1, #PREFIX) == PREFIX and name:sub(#PREFIX + 1)
    local text = mark and sw.fs.read(ctx.home .. "/" .. name)
    list[#list + 1] = text and { mark = mark, plan = json.decode(text) } or nil
  end
  return list
end

function erasing.pending(ctx)
  local list = {}
  for _, f in ipairs(files(ctx)) do
    list[#list + 1] = f.plan and sw.store.doc(0, MARK, f.mark) and f.plan or nil
  end
  return list
end

-- This frees the database file of what was deleted. A reader of another process can hold it up.
local function compact(ctx)
  local ok, message, code = sw.care.compact(ctx.home .. "/syncwell.db"):wait()
  if not ok then
    return nil, ("the data is erased, but its bytes are still in the file (%s): stop syncwell and run "
      .. "`syncwell users compact`"):format(message), code == "busy" and "partly" or code
  end
  return true
end

-- What a restore that was killed before its time had unpacked.
local function clear_stage(ctx)
  local held = sw.fs.stat(ctx.home .. "/.restore") and restoring.lock(ctx.home)
  if held then
    if not sw.fs.stat(ctx.home .. "/.restore/ready") then
      sw.fs.remove_tree(ctx.home .. "/.restore")
    end
    held:close()
  end
end

local function keys_of(ctx)
  return erased_firings.keys(ctx, sw.store.docs(ctx.who, "firing", {}) or {})
end

local function clear_files(ctx, plan)
  post.clear(ctx, set_of(plan.connections))
  clear_stage(ctx)
  scratch.sweep(ctx)
  if sw.fs.stat(ctx.home .. "/calendar.ics") then
    calendar.write(ctx)
  end
  return note_lines.remove(ctx, set_of(plan.keys))
end

local function finish(ctx, plan)
  local ok, message, code = clear_files(ctx, plan)
  if ok then
    ok, message, code = compact(ctx)
  end
  if not ok then
    return nil, message, code
  end
  sw.fs.remove(path_of(ctx, plan.mark))
  local t = home.common_txn(ctx)
  t:doc_delete(MARK, plan.mark)
  ok, message, code = t:commit()
  return ok and { erased = plan.erased, backups = json.list(plan.backups), moved = json.list(plan.moved),
    notes = note_lines.of_nobody(ctx, keys_of) }, message, code
end

function erasing.finish(ctx, plan)
  local held, message, code = lock(ctx)
  local r
  if held then
    r, message, code = finish(ctx, plan)
    held:close()
  end
  return r, message, code
end

-- Without anything pending: old homes, and whoever wants to be sure.
function erasing.compact(ctx)
  local held = lock(ctx)
  for _, f in ipairs(held and files(ctx) or {}) do
    if not sw.store.doc(0, MARK, f.mark) then
      sw.fs.remove(path_of(ctx, f.mark)) -- killed before its transaction: nothing was erased
    end
  end
  if held then
    held:close()
  end
  return compact(ctx)
end

-- What an erasure does not reach, a line each.
function erasing.left(r)
  local lines = {}
  for _, file in ipairs(r.backups) do
    lines[#lines + 1] = "still in the backup " .. file
  end
  for _, file in ipairs(r.moved) do
    lines[#lines + 1] = ("a backup that was made at %s is not there any more: wherever it went, it may "
      .. "still hold it"):format(file)
  end
  if r.notes then
    lines[#lines + 1] = ("notes of rules that are nobody's here are still in %s"):format(r.notes)
  end
  return lines
end

-- --- the transaction ---

local function run(ctx, t, plan)
  t:doc_of_home(MARK, plan.mark, "{}")
  local ok, message, code = sw.fs.write(path_of(ctx, plan.mark), json.encode(plan), 384)
  if ok then
    ok, message, code = t:commit()
  end
  if not ok then
    sw.fs.remove(path_of(ctx, plan.mark))
    return nil, message, code
  end
  return true
end

local function plan_of(ctx, erased, person, ids, firings)
  local backups, moved = backup_holders.of(ctx, person.name)
  local theirs = setmetatable({ name = person.name }, { __index = ctx })
  return { mark = sw.sys.random(8), erased = erased, connections = json.list(ids), backups = backups,
    moved = moved, keys = list_of(erased_firings.keys(theirs, firings)) }
end

-- Also those that were removed before: what was not understood of their posts is in the inbox still.
local function connections_of(person)
  local ids = {}
  for _, c in ipairs(sw.store.connections(person.id) or {}) do
    ids[tostring(c.id)] = true
  end
  for _, job in ipairs(sw.store.jobs(person.id) or {}) do
    local id = job.kind == "ingest" and job.name:match("^(%d+)%-")
    if id then
      ids[id] = true
    end
  end
  return list_of(ids)
end

local function erase_person(ctx, person)
  local ids = connections_of(person)
  local plan = plan_of(ctx, person.name, person, ids, sw.store.docs(person.id, "firing", {}) or {})
  local ok, message, code = backup_holders.hand_over(person)
  if ok then
    local t = sw.txn.new(person.id, person.name, person.zone)
    t:erase_person()
    ok, message, code = run(ctx, t, plan)
  end
  if not ok then
    return nil, message, code
  end
  return finish(ctx, plan)
end

local function erase_connection(ctx, c)
  local firings, message, code = erased_firings.of_connection(ctx, c)
  if not firings then
    return nil, message, code
  end
  local title, t = connections.title(c), home.txn(ctx)
  local plan = plan_of(ctx, title, ctx, { tostring(c.id) }, firings)
  erased_firings.remove(ctx, t, firings)
  erased_firings.remove_debounced(ctx, t, c)
  undo.forget_syncs(ctx, t, title)
  signin.forget(t, c)
  post.forget(ctx, t, c)
  t:erase_connection(c.id)
  local ok
  ok, message, code = run(ctx, t, plan)
  if ok then
    ok, message, code = home.settle(ctx)
  end
  if not ok then
    return nil, message, code
  end
  return finish(ctx, plan)
end

local function locked(work)
  return function(ctx, what)
    local held, message, code = lock(ctx)
    if not held then
      return nil, message, code
    end
    local r
    r, message, code = work(ctx, what)
    held:close()
    return r, message, code
  end
end

erasing.person, erasing.connection = locked(erase_person), locked(erase_connection)

return erasing

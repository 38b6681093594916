-- Erasure: rows, files and the bytes they leave in the database file; what cannot be reached is named.
--   erasing.person(ctx, person)     --> { backups = { paths that still hold it } } | nil, message, code
--   erasing.connection(ctx, c)      --> the same
local backups = require("backups")
local calendar = require("calendar")
local home = require("home")

local json = sw.json
local erasing = {}

-- Copies of the home that a restore kept, with a database in them.
local function kept_aside(dir, list)
  for _, name in ipairs(sw.fs.list(dir) or {}) do
    if name:find("^before%-restore%-") and sw.fs.stat(dir .. "/" .. name .. "/syncwell.db") then
      list[#list + 1] = dir .. "/" .. name
    end
  end
end

-- Backups that hold this person, as their manifests say; one that cannot be read may.
function erasing.holders(ctx, name)
  local list = json.list()
  for _, e in ipairs(backups.list(ctx)) do
    local holds = not e.people
    for _, p in ipairs(e.people or {}) do
      holds = holds or p.name == name
    end
    list[#list + 1] = holds and e.file or nil
  end
  kept_aside(ctx.home, list)
  return list
end

-- Posted documents of these connections that wait for their turn.
local function remove_posted(ctx, ids)
  for _, name in ipairs(sw.fs.list(ctx.home .. "/inbox") or {}) do
    local id = tonumber(name:match("^(%d+)%-"))
    if id and ids[id] then
      sw.fs.remove(ctx.home .. "/inbox/" .. name)
    end
  end
end

-- The rows are gone already: this frees the file of their bytes. A reader of another process can hold it up.
local function compact(ctx)
  local ok, message, code = sw.care.compact(ctx.home .. "/syncwell.db"):wait()
  if not ok then
    return nil, ("the data is erased, but its bytes are still in the file (%s): stop syncwell and run "
      .. "`syncwell users compact`"):format(message), code == "busy" and "partly" or code
  end
  return true
end

erasing.compact = compact

local function ids_of(list)
  local ids = {}
  for _, c in ipairs(list or {}) do
    ids[c.id] = true
  end
  return ids
end

-- The notification log tells whose rule wrote what by nothing: without others it goes, else it is named.
local function notes_of(ctx)
  local path = ctx.home .. "/notifications.log"
  if not sw.fs.stat(path) then
    return nil
  elseif #(sw.store.people() or {}) == 0 then
    sw.fs.remove(path)
    return nil
  end
  return path
end

function erasing.person(ctx, person)
  local holders = erasing.holders(ctx, person.name)
  local ids = ids_of(sw.store.connections(person.id))
  local t = sw.txn.new(person.id, person.name, person.zone)
  t:erase_person()
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  remove_posted(ctx, ids)
  if sw.fs.stat(ctx.home .. "/calendar.ics") then
    calendar.write(ctx)
  end
  local notes = notes_of(ctx)
  ok, message, code = compact(ctx)
  if not ok then
    return nil, message, code
  end
  return { backups = holders, notes = notes }
end

function erasing.connection(ctx, c)
  local holders = erasing.holders(ctx, ctx.name)
  local t = home.txn(ctx)
  t:erase_connection(c.id)
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  remove_posted(ctx, { [c.id] = true })
  ok, message, code = home.settle(ctx)
  if ok then
    ok, message, code = compact(ctx)
  end
  if not ok then
    return nil, message, code
  end
  return { backups = holders }
end

return erasing

-- Putting a home's files in place of those that are there, so that a kill at any moment leaves the old or the
-- new whole: all is laid ready in HOME/.restore/new, then HOME/.restore/ready says so, then files are moved.
--   restoring.finish(dir)   -- asked whenever a home is opened: goes on where a kill stopped it
-- What is replaced is kept in the folder that `ready` names. One process at a time does it.
local restoring = {}

local json = sw.json

function restoring.stage(dir)
  return dir .. "/.restore/new"
end

function restoring.lock(dir, wait)
  return sw.fs.lock(dir .. "/.restore.lock", wait)
end

-- Aside with the one that is there, unless that was done before the kill; then the new one.
local function replace(dir, aside, name)
  local new, old, kept = restoring.stage(dir) .. "/" .. name, dir .. "/" .. name, aside .. "/" .. name
  if sw.fs.stat(old) and not sw.fs.stat(kept) then
    local ok, message, code = sw.fs.rename(old, kept)
    if not ok then
      return nil, message, code
    end
  elseif sw.fs.stat(old) then
    sw.fs.remove_tree(old) -- made by somebody who opened the home between two moves
  end
  return sw.fs.rename(new, old)
end

-- A log beside the old database belongs to it; after the new one came it would be taken for its own.
local function logs_aside(dir, aside)
  for _, name in ipairs { "syncwell.db-wal", "syncwell.db-shm" } do
    if sw.fs.stat(dir .. "/" .. name) and sw.fs.stat(restoring.stage(dir) .. "/syncwell.db") then
      local ok, message, code = sw.fs.rename(dir .. "/" .. name, aside .. "/" .. name)
      if not ok then
        return nil, message, code
      end
    end
  end
  return true
end

local function move_all(dir, aside)
  local ok, message, code = sw.fs.mkdir(aside)
  if ok then
    ok, message, code = logs_aside(dir, aside)
  end
  for _, name in ipairs(ok and sw.fs.list(restoring.stage(dir)) or {}) do
    if ok then
      ok, message, code = replace(dir, aside, name)
    end
  end
  return ok, message, code
end

-- Under the lock: move what is ready.
function restoring.move(dir)
  local text = sw.fs.stat(dir .. "/.restore/ready") and sw.fs.read(dir .. "/.restore/ready", 4096)
  local ready = text and json.decode(text)
  if ready then
    local ok, message, code = move_all(dir, dir .. "/" .. ready.aside)
    if not ok then
      return nil, message, code
    end
    if #(sw.fs.list(dir .. "/" .. ready.aside) or {}) == 0 then
      sw.fs.remove_tree(dir .. "/" .. ready.aside) -- there was nothing to keep
    end
    sw.fs.remove(dir .. "/.restore/ready")
  end
  sw.fs.remove_tree(dir .. "/.restore")
  return true
end

-- From here on the restore is done, whatever happens to this process.
function restoring.ready(dir, aside)
  return sw.fs.write(dir .. "/.restore/ready", json.encode { aside = aside }, 384)
end

function restoring.finish(dir)
  if not sw.fs.stat(dir .. "/.restore/ready") then
    return true
  end
  local lock, message, code = restoring.lock(dir, true)
  if not lock then
    return nil, message, code
  end
  local ok
  ok, message, code = restoring.move(dir)
  lock:close()
  return ok, message, code
end

return restoring

-- Job "remap": map again what a service gave (lua/remapping.lua), an answer a transaction; what a run has
-- done is marked in the archive, so that after a kill it goes on there. `undo` takes it back by its number.
-- payload: { connection, resource, since = day }
local connections = require("connections")
local home = require("home")
local remapping = require("remapping")

local json = sw.json
local remap = {}

local PART = 2000

local function sum(by)
  local total = { new = 0, updated = 0, removed = 0 }
  for _, counts in pairs(by) do
    for name in pairs(total) do
      total[name] = total[name] + counts[name]
    end
  end
  return total
end

-- Every item of the run; what cannot be read is told of and left as it is.
function remap.each(r, run, keep, dry, show)
  local done, failed, why = 0, 0, nil
  for i, item in ipairs(r.items) do
    if item.run ~= run or dry then
      local ok, message, code = remapping.apply(r, item, run, keep, dry)
      if not ok and code ~= "bad" then
        return nil, message, code
      end
      done, failed, why = done + (ok and 1 or 0), failed + (ok and 0 or 1), why or message
    end
    if show then
      show(#r.all + i, #r.all + #r.items)
    end
  end
  local out = sum(r.by or {})
  out.connection, out.answers, out.failed = connections.title(r.c), done, failed
  out.why = why and sw.sys.clean(why):match("^[^\n]*")
  out.unknown = (r.unknown or 0) > 0 and r.unknown or nil
  out.by = next(r.by or {}) and r.by or nil
  return out
end

-- A run that changed nothing is nothing to take back.
local function forget(ctx, run)
  repeat
    local t = home.txn(ctx)
    t:undo_forget(run, PART)
    t:doc_delete(".undo_run", tostring(run))
    local done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
    local left = done[1]
  until not left
  return true
end

-- What an earlier part of this run, cut short by a kill, changed is in the journal: then it stays.
local function changed_before(ctx, job)
  return sw.store.doc(ctx.who, ".undo_run", tostring(job.id)) ~= nil
end

function remap.run(ctx, job)
  local c, gone = connections.find(ctx, job.payload.connection)
  if not c then
    return { skipped = gone }
  end
  local r, message, code = remapping.open(ctx, c, job.payload)
  if not r then
    return nil, message, code == "usage" and "bad" or code
  end
  local again = changed_before(ctx, job)
  local ok
  ok, message, code = remapping.survey(r, remap.on_progress)
  if not ok then
    return nil, message, code
  end
  local out
  out, message, code = remap.each(r, job.id, function(t)
    job:keep(t, "mapping again")
  end, false, remap.on_progress)
  if not out then
    return nil, message, code
  end
  ok, message, code = home.settle(ctx)
  local same = ok and not again and out.new + out.updated + out.removed == 0
  if same then
    ok, message, code = forget(ctx, job.id)
  end
  if not ok then
    return nil, message, code
  end
  out.run = not same and job.id or nil
  return out
end

-- What a run would do, of which nothing stays.
function remap.dry(ctx, c, options)
  local r, message, code = remapping.open(ctx, c, options)
  local ok
  if r then
    ok, message, code = remapping.survey(r, remap.on_progress)
  end
  if not ok then
    return nil, message, code
  end
  return remap.each(r, 0, nil, true, remap.on_progress)
end

function remap.name(c, options)
  local what = sw.sys.hash(json.encode { options.resource or "", options.since or 0 })
  return ("%d:%s"):format(c.id, what:sub(1, 8))
end

return remap

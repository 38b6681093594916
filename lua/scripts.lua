-- Loading scripts into the box: a package whose sources have not changed is not loaded again, and two
-- tasks never load one package at a time (a load replaces the files of the one before it).
--   local results = scripts.load(user, package, { { name, source } ... })   --> { { ok, out, error } ... }
local scripts = {}

local kept = {} -- user, package -> { mark, results, busy }

local function mark_of(list)
  local parts = {}
  for i, file in ipairs(list) do
    parts[i] = file.name .. "\0" .. #file.source .. "\0" .. file.source
  end
  return table.concat(parts, "\0")
end

function scripts.load(user, package, list)
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
  p.busy, p.mark = true, nil
  local ok, results, message, code = pcall(sw.box.load, user, package, list)
  p.busy = false
  if not ok then
    error(results, 0)
  elseif not results then
    return nil, message, code
  end
  for _, r in ipairs(results) do
    if not r.ok and not (r.error and r.error.line) then
      return results -- a worker that was lost says nothing about the script: try again next time
    end
  end
  p.mark, p.results = mark, results
  return results
end

return scripts

-- The files of an archive, those of archives within it (one level) among them.
--   local ok, why, code = import_archive.read(ctx, job, path, hash, results)
local import_file = require("import_file")
local import_results = require("import_results")

local import_archive = {}

local function basename(path)
  return path:match("([^/]+)/*$") or path
end

-- Entries worth reading, the large export first: routes beside it belong to its workouts. A stream is read
-- in its own order.
local function wanted_entries(archive)
  local wanted, whole = {}, 0
  for i, e in ipairs(archive:entries()) do
    if e.wanted then
      wanted[#wanted + 1] = { index = i, name = e.name, size = e.size, outside = e.outside }
      whole = whole + e.size
    end
  end
  if not archive:is_stream() then
    table.sort(wanted, function(a, b)
      return a.size > b.size or (a.size == b.size and a.name < b.name)
    end)
  end
  return wanted, whole
end

-- Some exports hold zips of their recordings: one level of them is opened.
local function inner_archive(archive, e)
  local decoder, message = archive:open(e.index)
  if not decoder then
    return nil, message
  elseif decoder:format() ~= "zip" then
    decoder:close()
    return nil, "this is named .zip, but it is none"
  end
  local inner, why = decoder:archive()
  decoder:close()
  return inner, why
end

local read_entries

local function read_inner(ctx, job, archive, e, file, results)
  local inner, message = inner_archive(archive, e)
  if not inner then
    results:add(import_results.refused(file.path, "zip", message))
    return true
  end
  local ok, why, code = read_entries(ctx, job, inner, file.path, file.key, results, 1)
  inner:close()
  return ok, why, code
end

local function read_plain(ctx, job, archive, e, file, results)
  local r, why, code = import_file.read(ctx, job, file, function()
    return archive:open(e.index)
  end)
  if not r then
    return nil, why, code
  end
  results:take(r)
  return r
end

local function read_entry(ctx, job, archive, e, file, results, depth)
  if e.outside then
    results:add(import_results.refused(file.path, nil, "its name leads out of the archive: it is not read"))
    return true
  elseif depth == 0 and e.name:lower():find("%.zip$") then
    return read_inner(ctx, job, archive, e, file, results)
  end
  return read_plain(ctx, job, archive, e, file, results)
end

-- path and hash: of the archive. depth: 0 for a file, 1 for an archive within it.
function read_entries(ctx, job, archive, path, hash, results, depth)
  local has_export, gone = false, 0
  local wanted, whole = wanted_entries(archive)
  for _, e in ipairs(wanted) do
    local file = { path = path .. "!" .. e.name, name = basename(e.name), size = e.size,
      key = import_file.key(job, hash, e.name) }
    if depth == 0 then
      job.part = { gone = gone, size = e.size, whole = whole }
      gone = gone + e.size
    end
    if not (has_export and e.name:lower():find("%.gpx$") and e.name:find("workout%-routes")) then
      local r, why, code = read_entry(ctx, job, archive, e, file, results, depth)
      if not r then
        return nil, why, code
      end
      has_export = has_export or r ~= true and r.format == "apple"
    end
  end
  return true
end

local OFFICE = { ["[Content_Types].xml"] = "xlsx", ["content.xml"] = "ods" }

-- Spreadsheets are archives, too, and nobody means their parts.
local function is_spreadsheet(archive)
  for _, e in ipairs(archive:entries()) do
    if OFFICE[e.name] then
      return true
    end
  end
  return false
end

local function open(path, format)
  local archive, message = sw.import[format](path)
  if archive and is_spreadsheet(archive) then
    archive:close()
    return nil, "this is a spreadsheet: save it as CSV and import that"
  end
  return archive, message
end

function import_archive.read(ctx, job, path, hash, results, format)
  local archive, message = open(path, format)
  if not archive then
    results:add(import_results.refused(path, format, message))
    return true
  end
  local before = #results.list
  local ok, why, code = read_entries(ctx, job, archive, path, hash, results, 0)
  local damage = archive:damage()
  archive:close()
  job.part = nil
  if ok and damage then
    results:add(import_results.refused(path, format, damage))
  elseif ok and #results.list == before then
    results:add(import_results.refused(path, format, "the archive holds no file that could be read"))
  end
  return ok, why, code
end

return import_archive

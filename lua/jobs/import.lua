-- Job "import": files, folders and archives into the store, batch by batch.
-- Each batch is one transaction with its data, the file's progress and the events it caused; a restart
-- reads the file again from the start and skips what is committed. Small files share a commit (import_pile).
-- payload: { paths = { "/abs/export.zip" }, format = "fit"?, mapping = {...}?, weight_unit = "lb"?,
--   connection = "files", live_after = ms }
local files = require("import_files")
local home = require("home")
local import_batch = require("import_batch")
local notices = require("notices")
local pile = require("import_pile")
local shapes = require("shapes")

local json = sw.json
local import = {}

local MAPPING_VERSION = 1

local function hook_messages(file, format, state, decoder, out)
  for _, m in ipairs(decoder:messages()) do
    import_batch.try(file, format.message, state, m, out)
  end
end

local function prepare(ctx, file, doc)
  file.total, file.notes, file.hook_rejects, file.batch = import_batch.counts(), {}, {}, 0
  if doc then
    import_batch.add_counts(file.total, doc.body.total)
    import_batch.add_counts(file.total, doc.body.counts or {})
    file.exact = doc.body.exact
  else
    -- only our own lines ask; counting the samples of a home takes longer the more it holds
    file.exact = file.format == "syncwell" and sw.store.counts(ctx.who).records == 0
  end
  file.zone = ctx.zone
end

-- All of the file is with the pile.
local function conclude(ctx, format, state, decoder)
  if format.after then
    format.after(ctx, state, function(index, named)
      return import_batch.whole_origin(decoder:origins(), index, named)
    end)
  end
  return true
end

-- One decoder to its end. Batches that `doc` says are stored are read but not stored again.
local function run_decoder(ctx, job, file, decoder, doc)
  local format = file.shape or require("import." .. file.format)
  if not format.together then -- its importer may ask the store
    local ok, why, kind = job.pile:settle()
    if not ok then
      return nil, why, kind
    end
  end
  prepare(ctx, file, doc)
  local state, resume = format.start(file), doc and doc.body.batch or 0
  while true do
    local more, message, code = decoder:next()
    if more == nil then
      return nil, message, code
    end
    local out, ended = import_batch.sink(file), not more or decoder:ended()
    if more then
      hook_messages(file, format, state, decoder, out)
    end
    if ended then -- with its last slice: one transaction, whose figures are in one document
      import_batch.try(file, format.finish, state, out)
    end
    -- counted alike with or without rows, so that a restart skips the same
    if resume > 0 or not more and import_batch.is_empty(out) then
      resume, file.batch = math.max(0, resume - 1), file.batch + 1
    else
      local ok, why, kind = import_batch.put(ctx, job, file, decoder, format, out, more)
      if not ok then
        return nil, why, kind
      end
    end
    if job.on_progress then
      job.on_progress(file, decoder:bytes())
    end
    if ended then
      return conclude(ctx, format, state, decoder)
    end
  end
end

local function known_result(doc)
  local b = doc.body
  return { new = 0, updated = 0, unchanged = b.total.new + b.total.updated + b.total.unchanged,
    rejected = b.total.rejected,
    reasons = b.total.reasons, format = b.format, status = b.status or "ok", notes = b.notes or {} }
end

local function result_of(file, extra)
  local total = file.total or import_batch.counts()
  local r = { file = file.path, format = file.format or json.null, status = file.status or "ok",
    new = total.new, updated = total.updated,
    unchanged = total.unchanged, rejected = total.rejected, reasons = {}, notes = file.notes,
    kept_reason = json.null }
  for k, v in pairs(extra or {}) do
    r[k] = v
  end
  for text, n in pairs(total.reasons or {}) do
    r.reasons[#r.reasons + 1] = n > 1 and ("%s (%d)"):format(text, n) or text
  end
  table.sort(r.reasons)
  r.reasons = json.list(r.reasons)
  return r
end

local function refused(path, format, message)
  return result_of({ path = path, status = "refused", format = format, notes = {} },
    { reasons = json.list { message } })
end

-- What a file's result says once everything it brought is stored; `why`: it was not.
local function fill(ctx, job, file, decoder, result, why)
  local told
  if why then
    told = refused(file.path, file.format, why)
  else
    import_batch.finish(ctx, job, file, decoder:report())
    told = result_of(file, { kept_reason = file.status == "partial" and file.notes[1] or nil })
  end
  decoder:close()
  for k, v in pairs(told) do
    result[k] = v
  end
end

-- The document of a file, or of what is left of an earlier try; false: there is none.
local function document_of(ctx, job, file)
  if job.pile:holds(file.key) then -- the very same file a second time
    local ok, why, code = job.pile:settle()
    if not ok then
      return nil, why, code
    end
  end
  return sw.store.doc(ctx.who, ".file", file.key) or false
end

-- Import what `open` gives under the key of its content.
local function import_one(ctx, job, file, open)
  local doc, trouble, kind = document_of(ctx, job, file)
  if doc == nil then
    return nil, trouble, kind
  elseif doc and doc.body.done then
    local k = known_result(doc)
    return result_of({ path = file.path, format = k.format, status = k.status, total = k, notes = k.notes },
      { kept_reason = "the same file was imported before" })
  end
  local decoder, message = open()
  if not decoder then
    return refused(file.path, nil, message)
  end
  file.format = decoder:format()
  local known, unknown, what = shapes.take(ctx, job, file, decoder)
  if not known then
    decoder:close()
    local r = refused(file.path, file.format, unknown)
    r.unknown = what == "unknown" or nil
    return r
  end
  local ok, why, code = run_decoder(ctx, job, file, decoder, doc)
  if ok then
    local result = {} -- of a file that shares its commit it is known later
    job.pile:after(file, function(failure)
      fill(ctx, job, file, decoder, result, failure)
    end)
    return result
  end
  decoder:close()
  if code == "bad" or code == "limit" then
    return refused(file.path, file.format, why)
  end
  return nil, why, code
end

local function basename(path)
  return path:match("([^/]+)/*$") or path
end

-- What a person said about their files is part of what a file is known by: told otherwise, it is read again.
local function said(job)
  local p = job.payload
  if not p.mapping and not p.weight_unit then
    return ""
  end
  return ":" .. sw.sys.hash(json.encode { p.mapping or json.null, p.weight_unit or "" }):sub(1, 16)
end

-- Exports hold much that is no health data: what was not asked for by name is passed over and counted.
local function take_result(job, results, r, name)
  if r.status == "refused" and (r.unknown or not files.is_health(name)) then
    job.passed[#job.passed + 1] = name
  else
    results[#results + 1] = r
  end
end

-- Entries worth reading, the large export first: routes beside it belong to its workouts.
local function wanted_entries(archive)
  local wanted = {}
  for i, e in ipairs(archive:entries()) do
    if e.wanted then
      wanted[#wanted + 1] = { index = i, name = e.name, size = e.size }
    end
  end
  table.sort(wanted, function(a, b)
    return a.size > b.size or (a.size == b.size and a.name < b.name)
  end)
  return wanted
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

local import_entries

local function import_inner(ctx, job, archive, e, file, results)
  local inner, message = inner_archive(archive, e)
  if not inner then
    results[#results + 1] = refused(file.path, "zip", message)
    return true
  end
  local ok, why, code = import_entries(ctx, job, inner, file.path, file.key, results, 1)
  inner:close()
  return ok, why, code
end

local function import_entry(ctx, job, archive, e, file, results)
  local r, why, code = import_one(ctx, job, file, function()
    return archive:open(e.index)
  end)
  if not r then
    return nil, why, code
  end
  take_result(job, results, r, e.name)
  return r
end

-- path and hash: of the archive. depth: 0 for a file, 1 for an archive within it.
function import_entries(ctx, job, archive, path, hash, results, depth)
  local has_export = false
  for _, e in ipairs(wanted_entries(archive)) do
    local file = { path = path .. "!" .. e.name, name = basename(e.name), size = e.size,
      key = ("%s:%s:%d%s"):format(hash, sw.sys.hash(e.name):sub(1, 16), MAPPING_VERSION, said(job)) }
    local route = has_export and e.name:lower():find("%.gpx$") and e.name:find("workout%-routes")
    local ok, why, code = true, nil, nil
    if depth == 0 and e.name:lower():find("%.zip$") then
      ok, why, code = import_inner(ctx, job, archive, e, file, results)
    elseif not route then
      ok, why, code = import_entry(ctx, job, archive, e, file, results)
      has_export = has_export or ok and ok.format == "apple"
    end
    if not ok then
      return nil, why, code
    end
  end
  return true
end

local function import_archive(ctx, job, path, hash, results)
  local archive, message = sw.import.zip(path)
  if not archive then
    results[#results + 1] = refused(path, "zip", message)
    return true
  end
  local before = #results
  local ok, why, code = import_entries(ctx, job, archive, path, hash, results, 0)
  archive:close()
  if ok and #results == before then
    results[#results + 1] = refused(path, "zip", "the archive holds no file that could be read")
  end
  return ok, why, code
end

local function import_file(ctx, job, f, results)
  local path, why_not = f.path, f.refused
  if why_not then
    results[#results + 1] = refused(path, nil, why_not)
    return true
  end
  local st = sw.fs.stat(path)
  if st and st.kind == "other" then -- a pipe would be waited for without end
    results[#results + 1] = refused(path, nil, "this is no file but a device or a pipe")
    return true
  elseif st and st.size == 0 then -- some of those, such as /proc/kmsg, are waited for without end too
    take_result(job, results, refused(path, nil, "the file is empty"), f.named and "named.csv" or path)
    return true
  end
  local hash, size_or_message = sw.sys.file_hash(path)
  if not hash then
    results[#results + 1] = refused(path, nil, size_or_message)
    return true
  end
  local format, message = sw.import.sniff(path)
  if not format and not job.payload.format then
    take_result(job, results, refused(path, nil, message), f.named and "named.csv" or path)
    return true
  elseif format == "zip" and job.payload.format ~= "zip" then
    return import_archive(ctx, job, path, hash, results)
  end
  local file = { path = path, name = basename(path), size = size_or_message,
    key = ("%s:%d%s"):format(hash, MAPPING_VERSION, said(job)) }
  local r, why, code = import_one(ctx, job, file, function()
    return sw.import.open(path, job.payload.format)
  end)
  if not r then
    return nil, why, code
  elseif f.named then
    results[#results + 1] = r
  else
    take_result(job, results, r, path)
  end
  return true
end

local function total_of(results)
  local total = { files = #results, new = 0, updated = 0, unchanged = 0, rejected = 0, ok = 0, partial = 0,
    refused = 0 }
  for _, r in ipairs(results) do
    for _, k in ipairs { "new", "updated", "unchanged", "rejected" } do
      total[k] = total[k] + r[k]
    end
    total[r.status] = total[r.status] + 1
  end
  return total
end

function import.run(ctx, job)
  local t = home.txn(ctx)
  t:connection("file", job.payload.connection or "files")
  local made, message, code = t:commit()
  if not made then
    return nil, message, code
  end
  job.connection_id = made[1]
  local list, whole = files.walk(job.payload.paths), 0
  for _, f in ipairs(list) do
    whole = whole + f.size
  end
  local results, before = {}, 0
  job.passed, job.pile = {}, pile.new()
  for _, f in ipairs(list) do
    local show = import.on_progress
    job.on_progress = show and function(_, bytes)
      show(before + math.min(bytes, f.size), whole, basename(f.path))
    end
    local ok, why, kind = import_file(ctx, job, f, results)
    if not ok then
      return nil, why, kind
    end
    before = before + f.size
  end
  local ok, why, kind = job.pile:settle()
  if ok then
    ok, why, kind = home.settle(ctx)
  end
  if not ok then
    return nil, why, kind
  end
  local total = total_of(results)
  total.passed = #job.passed
  if ctx.daemon then -- whoever began it may be gone: a command that was stopped, an upload
    notices.tell(ctx, "import.finished", tostring(job.id), total)
  end
  return { results = json.list(results), total = total, passed = json.list { table.unpack(job.passed, 1,
    5) } }
end

return import

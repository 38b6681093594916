-- One file of an import, from its decoder to the pile: a batch a transaction, with the file's progress in it.
-- A restart reads the file again from the start and skips what is committed.
--   local r, why, code = import_file.read(ctx, job, { path =, name =, size =, key = }, open)
local import_batch = require("import_batch")
local import_results = require("import_results")
local shapes = require("shapes")

local json = sw.json
local import_file = {}

local MAPPING_VERSION = 1

-- What a person said about their files is part of what a file is known by: told otherwise, it is read again.
local function said(job)
  local p = job.payload
  if not p.mapping and not p.weight_unit then
    return ""
  end
  return ":" .. sw.sys.hash(json.encode { p.mapping or json.null, p.weight_unit or "" }):sub(1, 16)
end

-- What a file is known by. `within`: a name that is part of it, since it may say what the content does not
-- (two days of one content are two days).
function import_file.key(job, hash, within)
  local part = within and sw.sys.hash(within):sub(1, 16) .. ":" or ""
  return ("%s:%s%d%s"):format(hash, part, MAPPING_VERSION, said(job))
end

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

-- One slice: its messages, what the file's end says, and then the pile. true while there is more.
local function slice(ctx, job, file, decoder, format, state)
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
  if file.resume > 0 or not more and import_batch.is_empty(out) then
    file.resume, file.batch = math.max(0, file.resume - 1), file.batch + 1
    return not ended
  end
  local ok, why, kind = import_batch.put(ctx, job, file, decoder, format, out, more)
  if not ok then
    return nil, why, kind
  end
  return not ended
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
  file.resume = doc and doc.body.batch or 0
  local state = format.start(file)
  while true do
    local more, why, kind = slice(ctx, job, file, decoder, format, state)
    if more == nil then
      return nil, why, kind
    end
    if job.on_progress then
      job.on_progress(decoder:bytes())
    end
    if not more then
      return conclude(ctx, format, state, decoder)
    end
  end
end

-- What a file's result says once everything it brought is stored; `why`: it was not.
local function fill(ctx, job, file, decoder, result, why)
  local told
  if why then
    told = import_results.refused(file.path, file.format, why)
  else
    import_batch.finish(ctx, job, file, decoder:report())
    told = import_results.of(file, file.status == "partial" and file.notes[1] or nil)
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
  return job.pile:read(file.key) or sw.store.doc(ctx.who, ".file", file.key) or false
end

local function read_on(ctx, job, file, decoder, doc)
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
    return import_results.refused(file.path, file.format, why)
  end
  return nil, why, code
end

-- Import what `open` gives under the key of its content.
function import_file.read(ctx, job, file, open)
  local doc, trouble, kind = document_of(ctx, job, file)
  if doc == nil then
    return nil, trouble, kind
  elseif doc and doc.body.done ~= false then
    return import_results.known(file, doc)
  end
  local decoder, message = open()
  if not decoder then
    return import_results.refused(file.path, nil, message)
  end
  file.format = decoder:format()
  local known, unknown, what = shapes.take(ctx, job, file, decoder)
  if not known then
    decoder:close()
    local r = import_results.refused(file.path, file.format, unknown)
    r.unknown = what == "unknown" or nil
    return r
  end
  return read_on(ctx, job, file, decoder, doc)
end

return import_file

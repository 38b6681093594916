-- Job "import": files, folders and archives into the store, batch by batch.
-- Each batch is one transaction with its data, the file's progress and the events it caused; a restart
-- reads the file again from the start and skips what is committed. Small files share a commit (import_pile).
-- payload: { paths = { "/abs/export.zip" }, format = "fit"?, mapping = {...}?, weight_unit = "lb"?,
--   connection = "files", live_after = ms }
local files = require("import_files")
local home = require("home")
local notices = require("notices")
local pile = require("import_pile")
local record = require("record")
local shapes = require("shapes")
local watch = require("watch")

local json = sw.json
local import = {}

local MAPPING_VERSION = 1

local function add_counts(into, c)
  into.new = into.new + (c.new or 0)
  into.updated = into.updated + (c.updated or 0)
  into.unchanged = into.unchanged + (c.unchanged or 0)
  into.rejected = into.rejected + (c.rejected or 0)
  for text, n in pairs(c.reasons or {}) do
    into.reasons[text] = (into.reasons[text] or 0) + n
  end
end

local function counts()
  return { new = 0, updated = 0, unchanged = 0, rejected = 0, reasons = {} }
end

-- What hooks may call: drafts gather here until their batch is stored.
local function sink(file)
  local out = { records = {}, totals = {}, rows = {}, documents = {} }
  function out.record(draft)
    out.records[#out.records + 1] = draft
  end
  function out.row(row) -- a record that another home had: kept as it stands
    out.rows[#out.rows + 1] = row
  end
  function out.document(document)
    out.documents[#out.documents + 1] = document
  end
  function out.day_total(total)
    out.totals[#out.totals + 1] = total
  end
  function out.reject(reason)
    file.hook_rejects[reason] = (file.hook_rejects[reason] or 0) + 1
  end
  function out.note(text)
    if #file.notes < 20 then
      file.notes[#file.notes + 1] = text
    end
  end
  return out
end

local function origin_of(origins, index)
  return origins[index or 0] or { name = "", maker = "", model = "", kind = "", ident = "" }
end

local function column_map(format, c)
  local row = format.columns[c.type]
  if not row then
    return nil
  end
  return { metric = row.metric, scale = row.scale, unit = row.from and "" or row.unit,
    from_duration = row.from == "duration_min", provider = row.provider }
end

-- Columns of the slice; a unit that does not fit costs that column, not the file. How many; their samples.
local function store_columns(t, decoder, format, provider, file)
  local n, rows = 0, 0
  for _, c in ipairs(decoder:columns()) do
    local map = column_map(format, c)
    if map then
      local ok, message = pcall(t.columns, t, decoder, map.provider or provider, c.index, map)
      if ok then
        n, rows = n + 1, rows + c.n
      else
        local reason = message:gsub("^.-: ", "")
        file.total.rejected = file.total.rejected + c.n
        file.total.reasons[reason] = (file.total.reasons[reason] or 0) + c.n
      end
    end
  end
  return n, rows
end

local function whole_origin(origins, index, provider)
  local o = origin_of(origins, index)
  return { provider = provider, name = o.name, maker = o.maker, model = o.model, kind = o.kind,
    ident = o.ident }
end

local function store_records(t, ctx, job, out, origins, provider, file)
  for _, draft in ipairs(out.records) do
    local origin = origin_of(origins, draft.origin)
    draft.attributes = draft.attributes or {}
    if draft.kind == "workout" then
      draft.attributes.source_file = file.name
    end
    t:record(record.row(ctx, draft, origin, job.connection_id, provider))
  end
  for _, row in ipairs(out.rows) do
    row.origin = whole_origin(origins, row.origin, row.provider)
    t:restore(row)
  end
  for _, total in ipairs(out.totals) do
    local day = sw.time.day(tonumber(total.day:sub(1, 4)), tonumber(total.day:sub(6, 7)),
      tonumber(total.day:sub(9, 10)))
    t:day_total(total.metric, day, whole_origin(origins, total.origin, total.provider or provider),
      total.value, total.unit)
  end
end

-- A document that is here already stays as it is.
local function store_documents(t, ctx, out)
  for _, d in ipairs(out.documents) do
    if not sw.store.doc(ctx.who, d.kind, d.name) then
      t:undo_doc(d.kind, d.name)
      t:doc(d.kind, d.name, d.body, { at = d.at })
    end
  end
end

local what_of = { new = "new", updated = "updated", unchanged = "unchanged" }

-- What `undo` takes back by the job's number: all that the files brought, and that they were read.
local function begin_run(t, job, file)
  t:undo(job.id, json.encode { what = "import", text = job.payload.paths and job.payload.paths[1] or "" })
  t:undo_doc(".file", file.key)
  return 2
end

-- Results come in the order in which operations were added: columns, records, totals, after `before` others.
local function gather(file, results, before, columns, records, totals)
  results = table.move(results, before + 1, before + columns + records + totals, 1, {})
  for i = 1, columns do
    add_counts(file.total, results[i])
  end
  for i = columns + 1, columns + records do
    local r = results[i]
    if r.what == "rejected" then
      add_counts(file.total, { rejected = 1, reasons = { [r.reason] = 1 } })
    else
      add_counts(file.total, { [what_of[r.what]] = 1 })
    end
  end
  for i = columns + records + 1, columns + records + totals do
    if results[i] ~= "rejected" then
      add_counts(file.total, { [results[i]] = 1 })
    end
  end
end

local function file_doc(file, done)
  return json.encode { name = file.name, format = file.format, size = file.size, batch = file.batch,
    done = done, total = file.total, exact = file.exact,
    notes = json.list(file.notes), status = file.status }
end

-- One batch as a transaction, put on the pile; `fresh`: the decoder's slice is not stored yet. What it was
-- counted as is known when the pile is stored.
local function put_batch(ctx, job, file, decoder, format, out, fresh)
  local provider = format.provider or "file"
  local t = home.txn(ctx)
  local before, columns, rows = begin_run(t, job, file), 0, 0
  if fresh then
    columns, rows = store_columns(t, decoder, format, provider, file)
  end
  store_records(t, ctx, job, out, decoder:origins(), provider, file)
  store_documents(t, ctx, out)
  t:dispatch(job.payload.live_after or 0)
  watch.ask(t)
  job:keep(t, file.name, { batch = file.batch + 1 })
  -- counts of this batch are only known afterwards; the document stores those up to the batch before
  file.batch = file.batch + 1
  t:doc(".file", file.key, file_doc(file, false))
  job.pile:put(t, rows, file, function(results)
    gather(file, results, before, columns, #out.records + #out.rows, #out.totals)
  end)
  if format.together and decoder:ended() and not job.pile:is_full() then
    return true
  end
  local ok, message, code = job.pile:store()
  local why = job.pile:failure(file)
  if not ok or why then
    return nil, message or why, code or "bad"
  end
  return true
end

local function hook_messages(format, state, decoder, out)
  for _, m in ipairs(decoder:messages()) do
    format.message(state, m, out)
  end
end

-- All batches are stored: the file's counts and how it ended, as a transaction on the pile.
local function finish_file(ctx, job, file, report)
  for text, n in pairs(report.reasons) do
    add_counts(file.total, { rejected = n, reasons = { [text] = n } })
  end
  for text, n in pairs(file.hook_rejects) do
    add_counts(file.total, { rejected = n, reasons = { [text] = n } })
  end
  for i = #report.notes, 1, -1 do
    table.insert(file.notes, 1, report.notes[i])
  end
  local kept = file.total.new + file.total.updated + file.total.unchanged
  local nothing = kept == 0 and file.total.rejected > 0
  file.status = (#report.notes > 0 or nothing) and "partial" or "ok"
  local t = home.txn(ctx)
  job:keep(t, file.name)
  t:doc(".file", file.key, file_doc(file, true))
  job.pile:put(t, 0, file)
end

local function prepare(ctx, file, doc)
  file.total, file.notes, file.hook_rejects, file.batch = counts(), {}, {}, 0
  if doc then
    add_counts(file.total, doc.body.total)
    file.exact = doc.body.exact
  else
    -- only our own lines ask; counting the samples of a home takes longer the more it holds
    file.exact = file.format == "syncwell" and sw.store.counts(ctx.who).records == 0
  end
  file.zone = ctx.zone
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
  local state, last, resume = format.start(file), false, doc and doc.body.batch or 0
  while true do
    local more, message, code = false, nil, nil
    if not last then
      more, message, code = decoder:next()
    end
    if more == nil then
      return nil, message, code
    end
    local out = sink(file)
    if more then
      hook_messages(format, state, decoder, out)
    else
      format.finish(state, out)
    end
    local nothing = not more and #out.records + #out.totals + #out.rows + #out.documents == 0
    if nothing and resume == 0 then
      file.batch = file.batch + 1 -- counted alike with or without rows, so that a restart skips the same
    elseif resume > 0 then
      resume = resume - 1
      file.batch = file.batch + 1
    else
      local ok, why, kind = put_batch(ctx, job, file, decoder, format, out, more)
      if not ok then
        return nil, why, kind
      end
    end
    if job.on_progress then
      job.on_progress(file, decoder:bytes())
    end
    if not more and format.after then
      format.after(ctx, state, function(index, named)
        return whole_origin(decoder:origins(), index, named)
      end)
    end
    if not more then
      return true
    end
    last = decoder:ended()
  end
end

local function known_result(doc)
  local b = doc.body
  return { new = 0, updated = 0, unchanged = b.total.new + b.total.updated + b.total.unchanged,
    rejected = b.total.rejected,
    reasons = b.total.reasons, format = b.format, status = b.status or "ok", notes = b.notes or {} }
end

local function result_of(file, extra)
  local total = file.total or counts()
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
    finish_file(ctx, job, file, decoder:report())
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

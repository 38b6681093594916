-- A batch of an imported file: what hooks say gathers in a sink, goes into one transaction with the samples
-- of the decoder's slice and the file's progress, and is counted when the pile it lies on is stored.
--   local out = import_batch.sink(file);  import_batch.put(ctx, job, file, decoder, format, out, fresh)
--   import_batch.finish(ctx, job, file, decoder:report())    -- how the file ended
local home = require("home")
local record = require("record")
local watch = require("watch")

local json = sw.json
local import_batch = {}

function import_batch.add_counts(into, c)
  into.new = into.new + (c.new or 0)
  into.updated = into.updated + (c.updated or 0)
  into.unchanged = into.unchanged + (c.unchanged or 0)
  into.rejected = into.rejected + (c.rejected or 0)
  for text, n in pairs(c.reasons or {}) do
    into.reasons[text] = (into.reasons[text] or 0) + n
  end
end

function import_batch.counts()
  return { new = 0, updated = 0, unchanged = 0, rejected = 0, reasons = {} }
end

-- Call a hook. What it stumbles over (a damaged file, a format that changed) costs that piece, which is
-- counted with the place that stumbled, and neither the rest of the file nor the other files.
function import_batch.try(file, hook, ...)
  local ok, message = pcall(hook, ...)
  if not ok then
    local place = tostring(message):match("[^/]*$")
    local reason = ("what is written there cannot be meant (%s)"):format(place:sub(1, 160))
    file.hook_rejects[reason] = (file.hook_rejects[reason] or 0) + 1
    file.stumbled = true
  end
  return ok
end

-- What hooks may call: drafts gather here until their batch is stored.
function import_batch.sink(file)
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

-- Columns of the slice; a unit that does not fit costs that column, not the file. How many samples.
local function store_columns(t, decoder, format, provider, file)
  local rows = 0
  for _, c in ipairs(decoder:columns()) do
    local map = column_map(format, c)
    if map then
      local ok, message = pcall(t.columns, t, decoder, map.provider or provider, c.index, map)
      if ok then
        rows = rows + c.n
      else
        local reason = message:gsub("^.-: ", "")
        file.total.rejected = file.total.rejected + c.n
        file.total.reasons[reason] = (file.total.reasons[reason] or 0) + c.n
      end
    end
  end
  return rows
end

function import_batch.whole_origin(origins, index, provider)
  local o = origin_of(origins, index)
  return { provider = provider, name = o.name, maker = o.maker, model = o.model, kind = o.kind,
    ident = o.ident }
end

local function provider_of(format)
  return format.provider or "file"
end

-- Drafts of hooks go into the transaction one by one.
local function each(file, list, store)
  for _, draft in ipairs(list) do
    import_batch.try(file, store, draft)
  end
end

-- A recording names its file; an export of many has another name the next time, and that is no news of each.
local function store_records(t, ctx, job, out, origins, format, file)
  local provider = provider_of(format)
  each(file, out.records, function(draft)
    draft.attributes = draft.attributes or {}
    if draft.kind == "workout" and format.together then
      draft.attributes.source_file = file.name
    end
    t:record(record.row(ctx, draft, origin_of(origins, draft.origin), job.connection_id, provider))
  end)
  each(file, out.rows, function(row)
    row.origin = import_batch.whole_origin(origins, row.origin, row.provider)
    t:restore(row)
  end)
end

-- Whose total of a day is what it is; exports of services are taken in any order, and an older one knows
-- less of its last days than a newer one did.
local EXACT = { syncwell = true, csv = true }

local function store_totals(t, out, origins, provider, file)
  local put = EXACT[file.format] and t.day_total or t.day_total_guarded
  each(file, out.totals, function(total)
    local day = sw.time.day(tonumber(total.day:sub(1, 4)), tonumber(total.day:sub(6, 7)),
      tonumber(total.day:sub(9, 10)))
    local whole = import_batch.whole_origin(origins, total.origin, total.provider or provider)
    put(t, total.metric, day, whole, total.value, total.unit)
  end)
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

-- What `undo` takes back by the job's number: all that the files brought, and that they were read.
local function begin_run(t, job, file)
  t:undo(job.id, json.encode { what = "import", text = job.payload.paths and job.payload.paths[1] or "" })
  t:undo_doc(".file", file.key)
end

local function file_doc(file, done)
  return json.encode { name = file.name, format = file.format, size = file.size, batch = file.batch,
    done = done, total = file.total, exact = file.exact,
    notes = json.list(file.notes), status = file.status }
end

function import_batch.is_empty(out)
  return #out.records + #out.totals + #out.rows + #out.documents == 0
end

-- One batch as a transaction, put on the pile; `fresh`: the decoder's slice is not stored yet. What it was
-- counted as stands beside the data in the file's document (`counts`), and is known here when the pile is
-- stored: a restart adds the two up.
function import_batch.put(ctx, job, file, decoder, format, out, fresh)
  local provider = provider_of(format)
  local t = home.txn(ctx)
  begin_run(t, job, file)
  local rows = fresh and store_columns(t, decoder, format, provider, file) or 0
  store_records(t, ctx, job, out, decoder:origins(), format, file)
  store_totals(t, out, decoder:origins(), provider, file)
  store_documents(t, ctx, out)
  t:dispatch(job.payload.live_after or 0)
  watch.ask(t)
  job:keep(t, file.name, { batch = file.batch + 1 })
  file.batch = file.batch + 1
  t:doc(".file", file.key, file_doc(file, false), { counts = true })
  job.pile:put(t, rows, file, function(results)
    import_batch.add_counts(file.total, results[#results])
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

-- All batches are stored: the file's counts and how it ended, as a transaction on the pile.
function import_batch.finish(ctx, job, file, report)
  for text, n in pairs(report.reasons) do
    import_batch.add_counts(file.total, { rejected = n, reasons = { [text] = n } })
  end
  for text, n in pairs(file.hook_rejects) do
    import_batch.add_counts(file.total, { rejected = n, reasons = { [text] = n } })
  end
  for i = #report.notes, 1, -1 do
    table.insert(file.notes, 1, report.notes[i])
  end
  local kept = file.total.new + file.total.updated + file.total.unchanged
  local nothing = kept == 0 and file.total.rejected > 0
  file.status = (#report.notes > 0 or nothing or file.stumbled) and "partial" or "ok"
  local t = home.txn(ctx)
  job:keep(t, file.name)
  t:doc(".file", file.key, file_doc(file, true))
  job.pile:finished(file, { total = file.total, format = file.format, status = file.status,
    notes = file.notes })
  job.pile:put(t, 0, file)
end

return import_batch

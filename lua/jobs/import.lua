-- Job "import": files, folders and archives into the store, batch by batch.
-- Each batch is one transaction with its data, the file's progress and the events it caused; a restart
-- reads the file again from the start and skips what is committed. Small files share a commit (import_pile).
-- payload: { paths = { "/abs/export.zip" }, format = "fit"?, mapping = {...}?, weight_unit = "lb"?,
--   connection = "files", live_after = ms, dry = true? }    dry: everything is read and nothing is stored
local files = require("import_files")
local home = require("home")
local import_archive = require("import_archive")
local import_file = require("import_file")
local import_results = require("import_results")
local notices = require("notices")
local pile = require("import_pile")

local import = {}

local ARCHIVES = { zip = true, tar = true }
-- What these files mean, their names may say.
local SHAPELESS = { csv = true, json = true }

local function basename(path)
  return path:match("([^/]+)/*$") or path
end

local function read_plain(ctx, job, f, hash, format, results)
  local path = f.path
  local within = SHAPELESS[job.payload.format or format] and basename(path)
  local file = { path = path, name = basename(path), size = f.size, key = import_file.key(job, hash, within) }
  local r, why, code = import_file.read(ctx, job, file, function()
    return sw.import.open(path, job.payload.format)
  end)
  if r then
    results:take(r, f.named)
  end
  return r, why, code
end

-- Why a path is not worth opening, nil if it is.
local function unreadable(f)
  local st = sw.fs.stat(f.path)
  if f.refused then
    return f.refused
  elseif st and st.kind == "other" then -- a pipe would be waited for without end
    return "this is no file but a device or a pipe", true
  elseif st and st.size == 0 then -- some of those, such as /proc/kmsg, are waited for without end too
    return "the file is empty"
  end
end

local function read_path(ctx, job, f, results)
  local path = f.path
  local why_not, always = unreadable(f)
  if why_not then
    results:take(import_results.refused(path, nil, why_not), f.named or f.refused or always)
    return true
  end
  local hash, size_or_message = sw.sys.file_hash(path)
  if not hash then
    results:add(import_results.refused(path, nil, size_or_message))
    return true
  end
  local format, message = sw.import.sniff(path)
  if not format and not job.payload.format then
    results:take(import_results.refused(path, nil, message), f.named)
    return true
  elseif ARCHIVES[format] and job.payload.format ~= format then
    return import_archive.read(ctx, job, path, hash, results, format)
  end
  return read_plain(ctx, job, f, hash, format, results)
end

-- Bytes of a file that are done: of an archive as much as of what it unpacks to.
local function done_of(job, f, bytes)
  local part = job.part
  if part then
    return f.size * (part.gone + math.min(bytes, part.size)) // math.max(1, part.whole)
  end
  return math.min(bytes, f.size)
end

local function read_all(ctx, job, list, results)
  local whole, before, show = 0, 0, import.on_progress
  for _, f in ipairs(list) do
    whole = whole + f.size
  end
  for _, f in ipairs(list) do
    job.on_progress = show and function(bytes)
      show(before + done_of(job, f, bytes), whole)
    end
    local ok, why, kind = read_path(ctx, job, f, results)
    if not ok then
      return nil, why, kind
    end
    before = before + f.size
  end
  return job.pile:settle()
end

function import.run(ctx, job)
  local t, dry = home.txn(ctx), job.payload.dry == true
  t:connection("file", job.payload.connection or "files")
  local made, message, code = t:commit(dry)
  if not made then
    return nil, message, code
  end
  job.connection_id, job.pile = made[1], pile.new(dry)
  local results = import_results.new()
  local ok, why, kind = read_all(ctx, job, files.walk(job.payload.paths), results)
  if ok and not dry then
    ok, why, kind = home.settle(ctx)
  end
  if not ok then
    return nil, why, kind
  end
  local answer = results:answer()
  if ctx.daemon then -- whoever began it may be gone: a command that was stopped, an upload
    notices.tell(ctx, "import.finished", tostring(job.id), answer.total)
  end
  return answer
end

return import

-- Backups: one tar file with a manifest, the database copied in one snapshot, and the files of the home.
--   backups.make(ctx, { out = PATH, key = sealed text or nil }, show)  --> manifest | nil, message, code
--   backups.list(ctx)  --> { { file, at, size, people, ... }, ... }, the newest first
-- The key file is left out: who finds a backup reads no credentials. --with-key seals it in a passphrase.
local backup_check = require("backup_check")
local home = require("home")

local json = sw.json
local backups = {}

backups.FORMAT, backups.MANIFEST = 1, "manifest.json"
backups.PURPOSE = "syncwell backup key"
local DEPTH_MOST = 6

function backups.folder(ctx)
  return ctx.home .. "/backups"
end

function backups.key_path(dir)
  local credentials = sw.sys.env("CREDENTIALS_DIRECTORY")
  local path = credentials and credentials ~= "" and credentials .. "/syncwell.key"
  return path and sw.fs.stat(path) and path or dir .. "/syncwell.key"
end

-- Says whether two homes have the same key, and nothing else of it.
function backups.key_mark(dir)
  local path = backups.key_path(dir)
  local text = sw.fs.stat(path) and sw.fs.read(path, 200)
  return text and sw.sys.hash("mark of a key: " .. text:gsub("%s", "")):sub(1, 16) or nil
end

local left_out = { backups = true, ["syncwell.key"] = true }

local function is_ours(name)
  return name:sub(1, 1) ~= "." and not left_out[name] and not name:find("^syncwell%.db")
    and not name:find("^before%-restore%-") and not name:find("%.part$") and not name:find("%.new$")
end

-- Is this a name that `make` gives to something?
function backups.may_hold(name)
  return name == "syncwell.db" or is_ours(name:match("^[^/]*"))
end

-- Files of the home beside the database: settings, rules, providers, calendar, notes.
local function walk(dir, below, depth, list)
  for _, name in ipairs(sw.fs.list(dir .. below) or {}) do
    local path = below .. "/" .. name
    local st = (depth > 1 or is_ours(name)) and sw.fs.stat(dir .. path)
    if st and st.kind == "dir" and depth < DEPTH_MOST then
      walk(dir, path, depth + 1, list)
    elseif st and st.kind == "file" then
      list[#list + 1] = path:sub(2)
    end
  end
  return list
end

-- Wait for a chore and tell of it meanwhile: show(what, done, total).
function backups.watch(what, chore, show)
  local beat = sw.sys.every(200, function()
    show(what, chore:progress())
  end)
  local r = table.pack(chore:wait())
  beat:stop()
  return table.unpack(r, 1, r.n)
end

local function parts_of(dir, parts, names)
  local list, files = { { backups.MANIFEST, parts .. "/" .. backups.MANIFEST },
    { "syncwell.db", parts .. "/syncwell.db" } }, {}
  for _, name in ipairs(names) do
    list[#list + 1] = { name, dir .. "/" .. name }
  end
  for i = 2, #list do
    local hash, size = sw.sys.file_hash(list[i][2])
    if not hash then
      return nil, size, "io"
    end
    files[i - 1] = { name = list[i][1], hash = hash, size = size }
  end
  return list, files
end

local function manifest_of(ctx, spec, look, files)
  return { format = backups.FORMAT, at = sw.time.iso(sw.time.now() // 1000 * 1000, 0), auto = spec.auto,
    version = require("commands").version, schema = look.schema, people = json.list(look.people),
    key = spec.key, key_mark = backups.key_mark(ctx.home), files = json.list(files) }
end

-- The files that may change while they are packed are copied first, so that their hashes are of what is kept.
local function copy_files(dir, parts)
  local names = {}
  for _, name in ipairs(walk(dir, "", 1, {})) do
    local text = sw.fs.read(dir .. "/" .. name)
    local folder = parts .. "/files/" .. (name:match("^(.*)/") or "")
    local ok, message, code = sw.fs.mkdir(folder)
    if ok and text then
      ok, message, code = sw.fs.write(parts .. "/files/" .. name, text, 384)
    end
    if not ok then
      return nil, message, code
    end
    names[#names + 1] = text and name or nil
  end
  return names
end

local function pack(ctx, spec, parts, show)
  local look, message, code = backups.watch("checking", sw.care.look(parts .. "/syncwell.db"), show)
  if not look then
    return nil, message, code
  elseif #look.damage > 0 then
    return nil, "the database is damaged, so this backup was not kept: " .. look.damage[1]
      .. " (`syncwell check` says more)", "bad"
  end
  local names, list, files
  names, message, code = copy_files(ctx.home, parts)
  if not names then
    return nil, message, code
  end
  list, files, code = parts_of(parts .. "/files", parts, names)
  if not list then
    return nil, files, code
  end
  local manifest = manifest_of(ctx, spec, look, files)
  local ok
  ok, message, code = sw.fs.write(parts .. "/" .. backups.MANIFEST, json.encode(manifest), 384)
  if ok then
    ok, message, code = backups.watch("writing", sw.care.pack(spec.out, list), show)
  end
  return ok and manifest, message, code
end

-- Held by the process that makes it; the system lets go of it however that one ends.
local function hold(parts)
  return sw.fs.lock(parts .. "/.lock")
end

-- What a backup left in the home's folder that was killed: a copy of the whole database.
local function sweep(ctx)
  local folder = backups.folder(ctx) .. "/"
  for _, name in ipairs(sw.fs.list(backups.folder(ctx)) or {}) do
    local held = name:find("%.tar%.parts$") and hold(folder .. name)
    if held then
      sw.fs.remove_tree(folder .. name)
      held:close()
    end
  end
  for _, name in ipairs(sw.fs.list(backups.folder(ctx)) or {}) do
    if name:find("%.tar%.part$") and not sw.fs.stat(folder .. name .. "s") then
      sw.fs.remove(folder .. name)
    end
  end
end

function backups.make(ctx, spec, show)
  local parts, held = spec.out .. ".parts", nil
  sweep(ctx)
  sw.fs.remove_tree(parts) -- of a run that was killed elsewhere
  local ok, message, code = sw.fs.mkdir(parts)
  if ok then
    held, message, code = hold(parts)
  end
  if held then
    ok, message, code = backups.watch("copying", sw.care.copy(ctx.home .. "/syncwell.db",
      parts .. "/syncwell.db"), show)
  end
  local manifest
  if held and ok then
    manifest, message, code = pack(ctx, spec, parts, show)
  end
  sw.fs.remove_tree(parts)
  if held then
    held:close()
  end
  return manifest or nil, message, code
end

-- A name that is free, in the order of times.
function backups.name(ctx, auto)
  local iso = sw.time.iso(sw.time.now() // 1000 * 1000, 0):gsub("[-:]", ""):gsub("%+0000$", "Z")
  local base = backups.folder(ctx) .. "/syncwell-" .. (auto and "auto-" or "") .. iso
  local name, n = base .. ".tar", 1
  while sw.fs.stat(name) do
    n = n + 1
    name = ("%s-%d.tar"):format(base, n)
  end
  return name
end

function backups.read(file)
  local text, message, code = sw.care.manifest(file, backups.MANIFEST)
  local manifest = text and json.decode(text)
  if type(manifest) ~= "table" or #manifest > 0 then
    return nil, message or (file .. " is no backup of syncwell"), code or "bad"
  elseif manifest.format ~= backups.FORMAT then
    return nil, ("%s was made by a newer syncwell (%s): use that version"):format(file,
      tostring(manifest.version)), "newer"
  end
  local damage = backup_check.manifest(manifest)
  if damage then
    return nil, ("%s is no backup of syncwell, or %s"):format(file, damage), "bad"
  end
  return manifest
end

function backups.entry(file)
  local st = sw.fs.stat(file)
  if not st then
    return { file = file, gone = true }
  end
  local manifest, message = backups.read(file)
  return { file = file, size = st.size, at = manifest and manifest.at, people = manifest and manifest.people,
    with_key = manifest and manifest.key ~= nil, auto = manifest and manifest.auto or false,
    schema = manifest and manifest.schema, version = manifest and manifest.version, problem = message }
end

-- Paths of those that were written elsewhere, as far as they are remembered.
function backups.elsewhere()
  local files = {}
  for _, p in ipairs(sw.store.people() or {}) do
    for _, doc in ipairs(sw.store.docs(p.id, ".backup") or {}) do
      files[doc.name] = true
    end
  end
  return files
end

-- Those in the home's folder and those that were written elsewhere; a file that went is left out.
function backups.list(ctx)
  local files, list = backups.elsewhere(), {}
  for _, name in ipairs(sw.fs.list(backups.folder(ctx)) or {}) do
    if name:find("%.tar$") then
      files[backups.folder(ctx) .. "/" .. name] = true
    end
  end
  for file in pairs(files) do
    local e = backups.entry(file)
    list[#list + 1] = not e.gone and e or nil
  end
  table.sort(list, function(a, b)
    local x, y = a.at or "", b.at or ""
    return x > y or (x == y and a.file > b.file)
  end)
  return list
end

-- Those of the schedule, the newest first; what a clock made that ran ahead is older than all others.
local function planned(ctx)
  local list, ahead, now = {}, {}, sw.time.now()
  for _, e in ipairs(backups.list(ctx)) do
    local to = (sw.time.parse(e.at or "") or 0) > now and ahead or list
    to[#to + 1] = e.auto and e or nil
  end
  return table.move(ahead, 1, #ahead, #list + 1, list), #list
end

-- When the newest one of the schedule was made, ms; nil when there is none.
function backups.newest_planned(ctx)
  local list, n = planned(ctx)
  return n > 0 and sw.time.parse(list[1].at or "") or nil
end

-- Of those made by the schedule the newest stay.
function backups.thin(ctx, keep)
  local list, gone = planned(ctx), 0
  for i = keep + 1, #list do
    gone = gone + (sw.fs.remove(list[i].file) and 1 or 0)
  end
  return gone
end

-- --- the schedule ---

function backups.setting(ctx)
  local s = home.setting(ctx, "backup")
  return s.every_ms and s or nil
end

-- In a transaction: the next one after `from`; instants that went by while nothing ran count once.
function backups.plan_next(t, setting, from)
  t:job { kind = "backup", name = "schedule", urgency = 2, due = from + setting.every_ms,
    payload = json.encode { auto = true } }
end

-- Asked at each start: a schedule whose job was lost goes on.
function backups.plan(ctx)
  local setting = backups.setting(ctx)
  if not setting then
    return true
  end
  for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    if job.kind == "backup" and job.name == "schedule" and job.state ~= "given_up" then
      return true
    end
  end
  local t = home.txn(ctx)
  backups.plan_next(t, setting, sw.time.now() - setting.every_ms)
  return t:commit()
end

return backups

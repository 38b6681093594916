-- Judges a backup before anything of it is put in place: the file may be a stranger's, or changed since.
-- What it says of itself has the right types, and it holds what its list names and a home may hold, no more.
--   backup_check.manifest(m)                  --> nil, or a sentence
--   backup_check.files(stage, m, may_hold)    --> nil, or a sentence
local backup_check = {}

local DEPTH_MOST, FILES_MOST = 20, 100000

local shape = { at = "string", version = "string", schema = "number", key = "string", key_mark = "string",
  auto = "boolean", people = "table", files = "table" }
local inner = { people = { name = "string", records = "number", samples = "number", connections = "number" },
  files = { name = "string", hash = "string", size = "number" } }
local required = { people = { "name", "records", "samples" }, files = { "name", "hash" } }

local function mistyped(t, types, needs)
  for _, key in ipairs(needs) do
    if t[key] == nil then
      return true
    end
  end
  for key, wanted in pairs(types) do
    if t[key] ~= nil and type(t[key]) ~= wanted then
      return true
    end
  end
end

local function mistyped_list(list, name)
  for _, item in ipairs(list) do
    if type(item) ~= "table" or mistyped(item, inner[name], required[name]) then
      return true
    end
  end
end

-- The format is judged before this one: a newer one may look otherwise.
function backup_check.manifest(m)
  if mistyped(m, shape, { "at", "people", "files" }) or mistyped_list(m.people, "people")
    or mistyped_list(m.files, "files") or #m.files > FILES_MOST or not sw.time.parse(m.at) then
    return "what it says of itself is damaged"
  end
end

-- Each file below a folder, by its path from there.
local function walk(dir, below, depth, each)
  for _, name in ipairs(sw.fs.list(dir .. below) or {}) do
    local path = below .. "/" .. name
    local st = sw.fs.stat(dir .. path)
    local why
    if depth > DEPTH_MOST or not st or st.kind == "other" then
      why = ("it holds '%s', which is no file of a home"):format(path:sub(2))
    elseif st.kind == "dir" then
      why = walk(dir, path, depth + 1, each)
    else
      why = each(path:sub(2))
    end
    if why then
      return why
    end
  end
end

function backup_check.files(stage, manifest, may_hold)
  local hash_of = {}
  for _, f in ipairs(manifest.files) do
    if not may_hold(f.name) then
      return ("it holds '%s', which no backup of a home has"):format(f.name)
    end
    hash_of[f.name] = f.hash
  end
  local why = walk(stage, "", 1, function(name)
    local wanted = hash_of[name]
    if not wanted then
      return ("it holds '%s', which its list does not name"):format(name)
    elseif sw.sys.file_hash(stage .. "/" .. name) ~= wanted then
      return ("%s is not what was written"):format(name)
    end
    hash_of[name] = nil
  end)
  local missing = next(hash_of)
  return why or missing and ("%s is not what was written: it is missing"):format(missing) or nil
end

return backup_check

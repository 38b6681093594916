-- Reading what somebody wants to install: one script, or a folder of them with a package.lua that names it.
-- Every file is linted and judged before anything is kept; nothing of it runs but its declaration.
--   local new = installing.read(ctx, "downloads/acme")   --> { id, title, version, files, may }
--   installing.clash(ctx, new)                           --> nil, or why it cannot stand beside what is there
--   installing.asks(ctx, new)                            --> what it may do that was not accepted before
local capabilities = require("capabilities")
local packages = require("packages")
local providers = require("providers")
local triggers = require("triggers")

local installing = {}

local FILES_MOST, SOURCE_MOST = 50, 65536
local folders = { rule = "rules/automations", provider = "providers" }

local function read_source(path, as)
  local st = sw.fs.stat(path)
  if st and st.kind ~= "file" then -- a pipe would be waited for without end
    return nil, ("%s: this is no file but a folder, a device or a pipe"):format(sw.sys.clean(as))
  end
  local source, message = sw.fs.read(path, SOURCE_MOST + 1)
  if not source then
    return nil, message
  elseif #source > SOURCE_MOST then
    return nil, as .. ": the file is over 64 KB"
  end
  return source
end

-- The declaration of a source, judged as lint does; nil and the first mistake.
local function declared(ctx, name, source)
  local results, message, code = sw.box.run(ctx.name, "lint", { { spec = { op = "load", script = name,
    source = source } } })
  if not results then
    return nil, message, code
  end
  local r = results[1]
  if not r.ok then
    return nil, r.error.text or r.error.message, "bad"
  end
  return r.out.declaration
end

local function judge(ctx, d, base)
  if d.kind == "provider" then
    return providers.problems(d, base)[1]
  end
  return triggers.problems(ctx, d)[1]
end

-- Scripts may write a package as a plain table too.
local function take_names(new, d, as)
  for _, name in ipairs { "id", "title", "version", "doc" } do
    if d[name] ~= nil and type(d[name]) ~= "string" then
      return nil, ("%s: '%s' in package is a text"):format(as, name), "bad"
    end
    new[name] = d[name] or new[name]
  end
  return true
end

local function take_file(ctx, new, path, as)
  local base = path:match("([^/]+)%.lua$")
  if not base or not base:find("^[%w_%-]+$") or #base > 60 then
    return nil, ("'%s' is no name for a script: letters, digits, _ and -, then .lua"):format(as), "bad"
  end
  local source, why = read_source(path, as)
  if not source then
    return nil, why, "bad"
  end
  local d, message, code = declared(ctx, as, source)
  if not d then
    return nil, message, code
  elseif d.kind == "package" then
    return take_names(new, d, as)
  end
  local problem = judge(ctx, d, base)
  if problem then
    return nil, as .. ": " .. problem, "bad"
  elseif #new.files >= FILES_MOST then
    return nil, ("a package has at most %d scripts"):format(FILES_MOST), "bad"
  end
  new.files[#new.files + 1] = { name = base, kind = d.kind, path = folders[d.kind] .. "/" .. base .. ".lua",
    source = source, may = capabilities.of(d) }
  return true
end

local function scripts_in(path)
  local list = {}
  for _, folder in ipairs { "", "rules/automations/", "providers/" } do
    for _, name in ipairs(sw.fs.list(path .. "/" .. folder) or {}) do
      if name:find("%.lua$") and not name:find("^[._]") then
        list[#list + 1] = folder .. name
      end
    end
  end
  return list
end

local function take_all(ctx, new, path, kind)
  if kind == "file" then
    return take_file(ctx, new, path, path:match("([^/]+)$"))
  end
  for _, as in ipairs(scripts_in(path)) do
    local ok, message, code = take_file(ctx, new, path .. "/" .. as, as)
    if not ok then
      return nil, message, code
    end
  end
  return true
end

local function union(files)
  local seen, list = {}, {}
  for _, f in ipairs(files) do
    for _, atom in ipairs(f.may) do
      list[#list + 1] = not seen[atom] and atom or nil
      seen[atom] = true
    end
  end
  table.sort(list)
  return list
end

function installing.read(ctx, path)
  path = path:gsub("(.)/+$", "%1")
  local st, message, code = sw.fs.stat(path)
  if not st then
    return nil, message, code
  end
  local new = { id = path:match("([^/]+)$"):gsub("%.lua$", ""), files = {} }
  local ok
  ok, message, code = take_all(ctx, new, path, st.kind)
  if not ok then
    return nil, message, code
  elseif #new.files == 0 then
    return nil, ("there is no rule and no provider in %s"):format(path), "bad"
  elseif not new.id:find("^[%w_%-]+$") or #new.id > 40 then
    return nil, ("'%s' is no name for a package: up to 40 letters, digits, _ and -"):format(
      sw.sys.clean(new.id)), "bad"
  end
  new.title, new.may = sw.sys.clean(new.title or new.id), union(new.files)
  return new
end

-- --- beside what is there ---

local function exists(path)
  return sw.fs.stat(path) ~= nil
end

-- A script of a package never takes the place of an own one, a shipped one or that of another package.
function installing.clash(ctx, new)
  for _, f in ipairs(new.files) do
    for _, place in ipairs { { ctx.home, "yours" }, { sw.sys.share(), "shipped" } } do
      if exists(place[1] .. "/" .. f.path) then
        return ("there is a %s '%s' already (%s): rename one of them"):format(f.kind, f.name, place[2])
      end
    end
    for _, other in ipairs(packages.files(ctx, folders[f.kind])) do
      if other.name == f.name and other.from ~= new.id then
        return ("the %s '%s' belongs to the package '%s' already"):format(f.kind, f.name, other.from)
      end
    end
  end
end

function installing.asks(ctx, new)
  local old = packages.get(ctx, new.id)
  return capabilities.wider(new.may, old and old.may or {}), old
end

return installing

-- Packages: rules and providers of others, installed from a file or a folder. Each has a worker of its own.
-- What it may do was shown and accepted; its files are pinned by their hashes, so a file that changes
-- afterwards stays off until it is installed again. What somebody wants to install is read by installing.lua.
--   packages.keep(ctx, new)
--   packages.files(ctx, "rules/automations")             --> { { name, script, source, package } ... }
local capabilities = require("capabilities")
local home = require("home")

local json = sw.json
local packages = {}

local SOURCE_MOST = 65536

local function dir_of(ctx, id)
  return ctx.home .. "/packages/" .. id
end

-- --- keeping ---

function packages.get(ctx, id)
  local doc = sw.store.doc(ctx.who, "package", id)
  return doc and not doc.body.removed and doc.body or nil
end

function packages.all(ctx)
  local list = {}
  for _, doc in ipairs(sw.store.docs(ctx.who, "package", { limit = 1000 }) or {}) do
    if not doc.body.removed then
      doc.body.id = doc.name
      list[#list + 1] = doc.body
    end
  end
  return list
end

-- Where installed packages have their files.
function packages.folder(ctx)
  return ctx.home .. "/packages"
end

local function put_files(ctx, new)
  for _, f in ipairs(new.files) do
    local folder = f.path:match("^(.*)/")
    local ok, message, code = sw.fs.mkdir(dir_of(ctx, new.id) .. "/" .. folder)
    if not ok then
      return nil, message, code
    end
    ok, message, code = sw.fs.write(dir_of(ctx, new.id) .. "/" .. f.path, f.source, 384)
    if not ok then
      return nil, message, code
    end
  end
  return true
end

-- The files of a package are the home's, its pins a person's: nobody's are changed or removed by others.
local function others(ctx, id)
  local list = {}
  for _, p in ipairs(sw.store.people() or {}) do
    local doc = p.id ~= ctx.who and sw.store.doc(p.id, "package", id)
    list[#list + 1] = doc and not doc.body.removed and { name = p.name, files = doc.body.files or {} } or nil
  end
  return list
end

local function taken(ctx, new)
  for _, other in ipairs(others(ctx, new.id)) do
    for _, f in ipairs(new.files) do
      if other.files[f.path] and other.files[f.path] ~= sw.sys.hash(f.source) then
        return ("%s of this home has another package '%s': rename one of them"):format(other.name, new.id)
      end
    end
  end
end

-- The files first, their pins after: a kill in between leaves a package that is off until it is installed.
function packages.keep(ctx, new)
  local theirs = taken(ctx, new)
  if theirs then
    return nil, theirs, "usage"
  end
  local ok, message, code = put_files(ctx, new)
  if not ok then
    return nil, message, code
  end
  local pins, may_of = {}, {}
  for _, f in ipairs(new.files) do
    pins[f.path], may_of[f.path] = sw.sys.hash(f.source), json.list(f.may)
  end
  local t = home.txn(ctx)
  t:doc("package", new.id, json.encode { title = new.title, version = new.version, may = json.list(new.may),
    may_of = may_of, files = pins, at = sw.time.now() })
  return t:commit()
end

function packages.remove(ctx, id)
  local t = home.txn(ctx)
  t:doc("package", id, json.encode { removed = true })
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return #others(ctx, id) > 0 or sw.fs.remove_tree(dir_of(ctx, id))
end

-- --- using ---

local function pinned_file(ctx, p, path, hash)
  local name = path:match("([^/]+)%.lua$")
  local source, why = sw.fs.read(dir_of(ctx, p.id) .. "/" .. path, SOURCE_MOST + 1)
  local problem = why
  if source and sw.sys.hash(source) ~= hash then
    problem = ("it changed since package '%s' was installed; look at it, then: syncwell rules install PATH")
      :format(p.id)
    source = nil
  end
  return { name = name, script = path, source = source, problem = problem, package = "package/" .. p.id,
    from = p.id, may = (p.may_of or {})[path] or p.may }
end

-- A script may declare one thing where it is looked at and another where it runs: what was shown and accepted
-- is what it may do. Nil, or what it would do beyond that.
function packages.wider(f, declaration)
  local more = f.may and capabilities.wider(capabilities.of(declaration), f.may) or {}
  return #more > 0 and ("it would also %s, which was not shown when the package '%s' was installed: remove "
    .. "it, or look at it and install it again"):format(capabilities.line(more), f.from) or nil
end

-- What packages have in one folder, in the order of their names; a file that is not as pinned has no source.
function packages.files(ctx, folder)
  local list = {}
  for _, p in ipairs(packages.all(ctx)) do
    for path, hash in pairs(p.files or {}) do
      if path:sub(1, #folder + 1) == folder .. "/" then
        list[#list + 1] = pinned_file(ctx, p, path, hash)
      end
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

return packages

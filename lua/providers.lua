-- Provider scripts: finding them, loading their declarations into the box.
--   local p = providers.get(ctx, "strava")   --> { id, script, package, declaration, own }
-- Shipped ones stand in providers/, a user's own in HOME/providers/ (an own file hides a shipped one).
local capabilities = require("capabilities")
local data = require("data")
local packages = require("packages")
local schema = require("schema")
local scripts = require("scripts")
local url = require("url")

local providers = {}

local function folder_files(list, seen, dir, from)
  for _, name in ipairs(dir and sw.fs.list(dir) or {}) do
    local id = name:match("^(%l[%l%d%-]*)%.lua$")
    if id and not seen[id] then
      seen[id] = true
      list[#list + 1] = { id = id, path = dir .. "/" .. name, from = from, own = from == "own" }
    end
  end
end

-- An own file hides a shipped one; those of packages come last and hide nothing.
local function files(ctx)
  local list, seen = {}, {}
  folder_files(list, seen, ctx.home and ctx.home .. "/providers", "own")
  folder_files(list, seen, sw.sys.share() .. "/providers", "shipped")
  for _, f in ipairs(ctx.who and packages.files(ctx, "providers") or {}) do
    if not seen[f.name] then
      seen[f.name] = true
      list[#list + 1] = { id = f.name, from = "package " .. f.from, package = f.package, source = f.source,
        problem = f.problem, may = f.may, of_package = f.from }
    end
  end
  table.sort(list, function(a, b) return a.id < b.id end)
  return list
end

local function check_figure(list, where, metric, unit)
  local known, why = data.metric(metric)
  if not known or known.name ~= metric then
    list[#list + 1] = ("%s: %s"):format(where, why or ("write '%s' for '%s'"):format(known.name, metric))
  elseif unit and not sw.store.convert(1, unit, known.unit) then
    list[#list + 1] = ("%s: '%s' does not become '%s', the unit of %s"):format(where, unit,
      known.unit, metric)
  end
end

-- A script may return what it likes: what the engine reads of it is of these types, or it is refused.
local shape = { title = "string", doc = "string", base = "string", hosts = "table", auth = "table",
  secrets = "table", headers = "table", account = "table", limits = "table", poll_s = "number",
  policy = "table", reads = "table", metrics = "table", webhook = "table", writes = "table",
  session = "table", login = "boolean", after_connect = "boolean" }
local read_shape = { kind = "string", window_s = "number", lookback_s = "number", bounds = "string",
  detail = "table", days = "table", series = "table" }
local limit_shape = { most = "number", per_s = "number", bucket = "string", of = "string", usage = "string",
  part = "number", aligned = "boolean" }
local auth_shape = { kind = "string", authorize = "string", token = "string", scopes = "table",
  separator = "string", extra = "table", answer = "string", redirect = "string", user = "string",
  password = "string", header = "string", query = "string", prefix = "string", secret = "string",
  value = "string", token_form = "table", refused = "table", account = "string" }
local session_shape = { token = "string", none = "string", expires = "string", lasts = "string",
  age_s = "number", header = "string", prefix = "string", query = "string", keep = "table" }
local hook_shape = { verify = "table", challenge = "table" }
local proof_shape = { header = "string", secret = "string", prefix = "string", over = "string",
  encoding = "string", timestamp = "string" }
local challenge_shape = { param = "string", answer = "string", token = "string" }
local auth_needs = { oauth2 = { "authorize", "token" }, basic = { "user", "password" }, key = { "secret" },
  sealed = { "header", "value" } }

local function mistyped(list, where, t, types)
  if type(t) ~= "table" then
    list[#list + 1] = where .. " is no table"
    return
  end
  for name, wanted in pairs(types) do
    local v = t[name]
    if v ~= nil and (type(v) ~= wanted or wanted == "number" and (v - v ~= 0 or v < 0)) then
      list[#list + 1] = ("%s.%s is no %s"):format(where, name, wanted)
    end
  end
end

local function texts(list, where, t)
  for k, v in pairs(type(t) == "table" and t or {}) do
    if type(v) ~= "string" then
      list[#list + 1] = ("%s.%s is no text"):format(where, tostring(k))
    end
  end
end

local function mistyped_auth(list, auth)
  mistyped(list, "auth", auth, auth_shape)
  if not auth_needs[auth.kind] then
    list[#list + 1] = "auth is none of sw.oauth2, sw.basic, sw.key and sw.sealed"
  end
  for _, name in ipairs(auth_needs[auth.kind] or {}) do
    if auth[name] == nil then
      list[#list + 1] = "auth." .. name .. " is missing"
    end
  end
  texts(list, "auth.scopes", auth.scopes)
  texts(list, "auth.token_form", auth.token_form)
  for field, values in pairs(type(auth.refused) == "table" and auth.refused or {}) do
    if type(field) ~= "string" or type(values) ~= "table" then
      list[#list + 1] = ("auth.refused.%s is no list of values"):format(tostring(field))
    end
  end
end

local function mistyped_reads(list, reads)
  for name, read in pairs(reads) do
    local where = "reads." .. tostring(name)
    if type(name) ~= "string" or #name > 100 then
      list[#list + 1] = where .. " is no name"
    end
    mistyped(list, where, read, read_shape)
    if type(read) == "table" and type(read.days) == "table" then
      mistyped(list, where .. ".days", read.days, { values = "table" })
    end
    for i, one in ipairs(type(read) == "table" and type(read.series) == "table" and read.series or {}) do
      mistyped(list, ("%s.series.%d"):format(where, i), one, { metric = "string", unit = "string" })
    end
  end
end

local function types_of(d)
  local list = {}
  mistyped(list, "provider", d, shape)
  if d.title == nil then
    list[#list + 1] = "provider.title is missing"
  end
  if #list > 0 then
    return list
  end
  texts(list, "hosts", d.hosts)
  texts(list, "metrics", d.metrics)
  texts(list, "secrets", d.secrets)
  for i, limit in ipairs(d.limits or {}) do
    mistyped(list, "limits." .. i, limit, limit_shape)
    limit = type(limit) == "table" and limit or {}
    if (limit.most or 0) == 0 or (limit.per_s or 0) == 0 then
      list[#list + 1] = ("limits.%d needs a number and a span"):format(i)
    end
  end
  if d.auth then
    mistyped_auth(list, d.auth)
  end
  if d.session then
    mistyped(list, "session", d.session, session_shape)
    texts(list, "session.keep", d.session.keep)
    if not d.session.token or not d.login or d.auth then
      list[#list + 1] = "a session needs a token and a login, and stands instead of auth"
    end
  end
  mistyped_reads(list, d.reads or {})
  if d.webhook then
    mistyped(list, "webhook", d.webhook, hook_shape)
    mistyped(list, "webhook.verify", d.webhook.verify or {}, proof_shape)
    mistyped(list, "webhook.challenge", d.webhook.challenge or {}, challenge_shape)
  end
  table.sort(list)
  return list
end

-- `hosts` is what people are shown: nothing is asked of any other, with or without credentials.
local function check_hosts(list, d)
  local declared = {}
  for _, host in ipairs(d.hosts or {}) do
    declared[host] = true
    if not host:find("^[%l%d][%l%d.%-]*$") then
      list[#list + 1] = ("hosts: '%s' is no host"):format(sw.sys.clean(host):sub(1, 100))
    end
  end
  for where, address in pairs { base = d.base, ["auth.token"] = d.auth and d.auth.token } do
    local host = url.host(address)
    if not host or not declared[host] then
      list[#list + 1] = ("%s leads to %s, which is not among its hosts"):format(where, host or "nowhere")
    end
  end
end

-- What a declaration says that only the engine can judge: its name, metrics and their units.
function providers.problems(d, id)
  local list = types_of(d)
  if #list > 0 then
    return list
  elseif d.id ~= id then
    list[1] = ("its id is '%s'; it must be '%s', as the file is called"):format(tostring(d.id), id)
  end
  check_hosts(list, d)
  for name, read in pairs(d.reads or {}) do
    local where = "reads." .. name
    for metric, m in pairs((read.days or {}).values or {}) do
      check_figure(list, where .. ".days", metric, type(m) == "table" and m.unit or nil)
    end
    local series = read.series or {}
    for _, one in ipairs(#series > 0 and series or read.series and { series } or {}) do
      check_figure(list, where .. ".series", one.metric or name, one.unit)
    end
  end
  table.sort(list)
  return list
end

local function source_of(file)
  local st = file.path and sw.fs.stat(file.path)
  if st and st.kind ~= "file" then -- a pipe would be waited for without end
    return nil, "this is no file but a folder, a device or a pipe"
  elseif file.path then
    local source, message = sw.fs.read(file.path, 65537)
    return source and #source <= 65536 and source or nil, source and "the file is over 64 KB" or message
  end
  return file.source, file.problem
end

local function load(ctx, file)
  local source, why_not = source_of(file)
  if not source then
    return nil, ("providers/%s.lua: %s"):format(file.id, why_not), "bad"
  end
  local p = { id = file.id, own = file.own, from = file.from, script = "providers/" .. file.id .. ".lua",
    package = file.package and file.package .. "/" .. file.id
      or (file.own and "own-provider/" or "provider/") .. file.id, source = source }
  local results, why, code = scripts.load(ctx.name, p.package, { { name = p.script, source = source } },
    ctx)
  if not results then
    return nil, why, code
  end
  local r = results[1]
  local d = r.ok and r.out.declaration
  if not d or d.kind ~= "provider" then
    return nil, r.ok and p.script .. ": this is no provider: return sw.provider { ... }"
      or r.error.text or r.error.message, "bad"
  end
  local wrong = providers.problems(d, file.id)[1]
    or packages.wider({ may = file.may, from = file.of_package }, d)
  if wrong then
    return nil, p.script .. ": " .. wrong, "bad"
  end
  d.title, d.doc = sw.sys.clean(d.title), d.doc and sw.sys.clean(d.doc) -- shown on terminals, as these are
  for name, text in pairs(d.secrets or {}) do
    d.secrets[name] = sw.sys.clean(text)
  end
  p.declaration = d
  return p
end

function providers.get(ctx, id)
  local names = {}
  for _, file in ipairs(files(ctx)) do
    names[#names + 1] = file.id
    if file.id == id then
      return load(ctx, file)
    end
  end
  return nil, ("there is no provider '%s'%s; `syncwell providers` lists them"):format(tostring(id),
    schema.did_you_mean(tostring(id), names)), "usage"
end

-- --- whose script uses a connection's credentials ---

-- What the user of a connection agreed to when it was made: where the script is from, and what it may do.
function providers.pin(provider)
  return { from = provider.from, may = sw.json.list(capabilities.of(provider.declaration)) }
end

-- May this script use the connection's credentials? Nil, and the sentence that says why not: it is another
-- script than the one that was connected, or it would do more.
function providers.agreed(c, provider, title)
  local pin = c.body.script or { from = "shipped" }
  local wider = pin.may and capabilities.wider(capabilities.of(provider.declaration), pin.may) or {}
  local why
  if provider.from ~= pin.from then
    why = ("its script is now another one (%s, it was %s)"):format(provider.from, pin.from)
  elseif #wider > 0 then
    why = "its script changed and would now also " .. capabilities.line(wider)
  else
    return true
  end
  return nil, ("%s: %s; nothing is asked with its credentials until: syncwell connections approve %s"):format(
    title, why, title), "needs_user"
end

-- All of them: { provider } or { id, error } each.
function providers.all(ctx)
  local list = {}
  for _, file in ipairs(files(ctx)) do
    local p, message = load(ctx, file)
    list[#list + 1] = p or { id = file.id, own = file.own, error = message }
  end
  return list
end

return providers

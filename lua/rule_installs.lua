-- `rules install | remove | enable | disable`: which rules are on, with which parameters, and what a package
-- may do before anybody has agreed. The command `rules` shows what these give.
--   installs.install(ctx, { "install", "hydrate" }, { set = { "min=45min" } }) --> 0, or nil, message, code
local capabilities = require("capabilities")
local home = require("home")
local installing = require("installing")
local packages = require("packages")
local rules = require("rules")
local schema = require("schema")
local term = require("term")

local json = sw.json

local installs = {}

local truth = { ["true"] = true, yes = true, on = true, ["false"] = false, no = false, off = false }

-- The word behind `--set name=`, as the parameter is; nil, and what it should be.
local function parsed(p, name, text)
  local value = text
  if p.kind == "number" then
    value = tonumber(text)
  elseif p.kind == "bool" then
    value = truth[text]
  end
  if value == nil then
    return nil, ("parameter '%s' must be %s, not '%s'"):format(name, p.kind == "number" and "a number"
      or "true or false", sw.sys.clean(text))
  end
  return value
end

local function parse_sets(r, list)
  local params, known = {}, r.declaration.params or {}
  for k, v in pairs(r.params) do
    params[k] = v
  end
  for _, item in ipairs(list or {}) do
    local key, text = item:match("^([%w_]+)=(.*)$")
    if not key or not known[key] then
      return nil, key and ("rule '%s' has no parameter '%s'%s"):format(r.name, key,
        schema.did_you_mean(key, schema.keys(known))) or ("--set: '%s' is not like NAME=VALUE"):format(item)
    end
    local value, why = parsed(known[key], key, text)
    if value == nil then
      return nil, why
    end
    params[key] = value
  end
  return params
end

local function save(ctx, r, change)
  local doc = sw.store.doc(ctx.who, "rule", r.name)
  local body = doc and doc.body or {}
  for k, v in pairs(change) do
    body[k] = v
  end
  local t = home.txn(ctx)
  t:doc("rule", r.name, json.encode(body))
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return true
end

-- A parameter the rule refuses is refused now, not at the next event.
local function try_params(ctx, r, params)
  local old = r.params
  r.params = params
  local results = rules.evaluate(ctx, r, { { event = { kind = "note", id = "try" }, at = sw.time.now() } },
    "when")
  r.params = old
  local e = results and not results[1].ok and results[1].error
  local text = e and (e.message or e.text) or ""
  return not text:find("parameter '", 1, true), text
end

local function shipped_rule(ctx, name)
  local r, message, code = rules.find(ctx, name)
  if not r then
    return nil, message, code
  elseif r.error and not r.asks then
    return nil, r.error, "bad"
  end
  return r
end

-- Where messages go that name no channel, for whoever waits for the first one.
local function messages_go(ctx, declaration)
  for _, grant in ipairs(declaration.uses or {}) do
    local channels = ctx.config and ctx.config.channels or {}
    if grant == "notify" then
      local file = type(channels.file) == "table" and channels.file.path or ctx.home .. "/notifications.log"
      local other = channels.default ~= "file" and channels.default or nil
      return "; messages go to " .. (other or file)
    end
  end
  return ""
end

local function install_shipped(ctx, name, options)
  local r, message, code = shipped_rule(ctx, name)
  if not r then
    return nil, message, code
  end
  local params, why = parse_sets(r, options.set)
  if not params then
    return nil, why, "usage"
  end
  local fine, problem = try_params(ctx, r, params)
  if not fine then
    return nil, problem, "usage"
  end
  local may = capabilities.of(r.declaration)
  local ok
  ok, message, code = save(ctx, r, { installed = true, enabled = true, params = params, may = json.list(may),
    paused = false })
  if not ok then
    return nil, message, code
  end
  r.live, r.enabled, r.params = true, true, params
  rules.plan(ctx, { r }, sw.time.now())
  if ctx.json then
    term.line("%s", json.encode { installed = r.name, params = params, may = json.list(may) })
  else
    local title = sw.sys.clean(r.declaration.title or "")
    term.line("%s is on: %s\nit may: %s", r.name, title, capabilities.line(may))
    term.line("it fires while `syncwell serve` or `run` is on%s", messages_go(ctx, r.declaration))
  end
  return 0
end

-- Show what a package may do and wait for a yes; --yes says it beforehand, a script that cannot be asked
-- gets 3.
local function agreed(ctx, new, asks, old, options)
  if not ctx.json then
    term.line("%s%s: %d script%s", new.title, new.version and " " .. sw.sys.clean(new.version) or "",
      #new.files, #new.files == 1 and "" or "s")
    for _, f in ipairs(new.files) do
      term.line("  %s %s may: %s", f.kind, f.name, capabilities.line(f.may))
    end
    term.line(#asks == 0 and "nothing it may not do already" or old and "new since the last time: "
      .. capabilities.line(asks) or "its scripts run confined: whatever is not listed is refused")
  end
  if options.yes or old and #asks == 0 then
    return true
  elseif sw.sys.tty(0) and not ctx.json then
    return (sw.sys.read_line("install it? [y/N] ") or ""):lower():find("^y") ~= nil
  end
  return false
end

local function install_package(ctx, path, options)
  if options.set then
    return nil, "--set is for one rule: install the package first, then `rules install RULE --set ...`",
      "usage"
  end
  local new, message, code = installing.read(ctx, path)
  if not new then
    return nil, message, code
  end
  local clash = installing.clash(ctx, new)
  if clash then
    return nil, clash, "usage"
  end
  local asks, old = installing.asks(ctx, new)
  if not agreed(ctx, new, asks, old, options) then
    return nil, ("'%s' is not installed: it may %s; --yes accepts that"):format(new.id,
      capabilities.line(asks)), "needs_user"
  end
  local ok
  ok, message, code = packages.keep(ctx, new)
  if not ok then
    return nil, message, code
  end
  local all = rules.load(ctx)
  if all then
    rules.plan(ctx, all, sw.time.now())
  end
  term.line(ctx.json and json.encode { installed = new.id, may = json.list(new.may) }
    or ("'%s' is installed; its files are pinned as they are now"):format(new.id))
  return 0
end

-- A path leads to a package; a name to a rule, of the catalogue as a rule.
function installs.install(ctx, words, options)
  local word = words[2]
  if not word then
    return nil, "install what? `syncwell rules list --all` names them, or give a file or folder", "usage"
  elseif word:find("/", 1, true) or word:find("%.lua$") then
    return install_package(ctx, word, options)
  end
  local st = sw.fs.stat(word)
  if st and not rules.find(ctx, word) then
    return nil, ("there is no rule '%s'; for what lies there say: syncwell rules install ./%s"):format(
      sw.sys.clean(word), sw.sys.clean(word)), "usage"
  end
  return install_shipped(ctx, word, options)
end

-- A package goes with its files; a shipped rule goes back to the catalogue, its history stays.
function installs.remove(ctx, words)
  local name = words[2]
  if name and packages.get(ctx, name) then
    local ok, message, code = packages.remove(ctx, name)
    if not ok then
      return nil, message, code
    end
  else
    local r, message, code = rules.find(ctx, name)
    if not r then
      return nil, message, code
    elseif not r.shipped then
      return nil, r.from and ("'%s' belongs to the package '%s'; remove that"):format(name, r.from)
        or ("'%s' is a file of yours: delete %s"):format(name, r.script), "usage"
    end
    local ok
    ok, message, code = save(ctx, r, { installed = false, enabled = false })
    if not ok then
      return nil, message, code
    end
  end
  term.line(ctx.json and json.encode { removed = name } or ("%s is removed; what it did stays"):format(name))
  return 0
end

local function switch(on)
  return function(ctx, words)
    local r, message, code = rules.find(ctx, words[2])
    if not r then
      return nil, message, code
    elseif on and r.shipped and not r.installed then
      return nil, ("'%s' is not installed; use: syncwell rules install %s"):format(r.name, r.name), "usage"
    elseif on and r.paused then
      return nil, ("'%s' is paused because it kept failing; mend it, then: syncwell rules resume %s"):format(
        r.name, r.name), "usage"
    end
    local ok
    ok, message, code = save(ctx, r, { enabled = on })
    if not ok then
      return nil, message, code
    end
    if on and not r.error then
      r.live = true
      rules.plan(ctx, { r }, sw.time.now())
    end
    term.line(ctx.json and json.encode { name = r.name, enabled = on }
      or ("%s is %s"):format(r.name, on and "on" or "off"))
    return 0
  end
end

installs.enable, installs.disable = switch(true), switch(false)

return installs

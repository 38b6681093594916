-- The home: where it is, opening it, whose data is meant.
--   local ctx = home.open(options)  --> { home, who, name, zone, json, quiet } | nil, message, code
local restoring = require("restoring")

local home = {}

local json = sw.json

local function default_dir()
  local data = sw.sys.env("XDG_DATA_HOME")
  if data and data ~= "" then
    return data .. "/syncwell"
  end
  return (sw.sys.env("HOME") or "/root") .. "/.local/share/syncwell"
end

function home.dir(options)
  return options.home or sw.sys.env("SYNCWELL_HOME") or default_dir()
end

function home.exists(options)
  return sw.fs.stat(home.dir(options) .. "/syncwell.db") ~= nil
end

local function add_person(name, zone)
  local t = sw.txn.new(0, name, zone)
  t:person(name, zone)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return sw.store.person(name)
end

local function prepare(dir)
  for _, part in ipairs { "", "/rules/automations", "/rules/conflicts", "/rules/insights", "/providers" } do
    local ok, message, code = sw.fs.mkdir(dir .. part)
    if not ok then
      return nil, message, code
    end
  end
  return true
end

-- Data time: --now stands still and is kept to homes made for tests when something is changed.
function home.clock(options)
  if not options.now then
    return true
  end
  local ms = sw.time.parse(options.now)
  if not ms then
    return nil, ("--now: '%s' is not a time like 2026-03-01T08:00:00Z"):format(options.now), "usage"
  end
  sw.time.set(ms)
  return true
end

function home.is_test(ctx)
  local doc = sw.store.doc(ctx.who, "setting", "home")
  return doc and doc.body.test == true
end

-- A mistyped --home or --user makes nothing new, unless the command is one that begins things.
local function is_there(options, creates)
  local _, why, code = sw.fs.stat(home.dir(options) .. "/syncwell.db")
  if code and code ~= "notfound" then
    return nil, why, code
  elseif options.home and not creates and code then
    return nil, ("there is no home at %s; `syncwell init` or an import makes one"):format(options.home),
      "usage"
  end
  return true
end

local function unknown_person(name)
  local names = {}
  for i, p in ipairs(sw.store.people() or {}) do
    names[i] = p.name
  end
  return nil, ("nobody called '%s' has data here (%s); init, import and log make a new person"):format(name,
    table.concat(names, ", ")), "usage"
end

function home.open(options, creates)
  local dir = home.dir(options)
  local ok, message, code = true, nil, nil
  if options.zone then
    ok, message = sw.time.zone_ok(options.zone)
    code = "usage"
  end
  if ok then
    ok, message, code = restoring.finish(dir)
  end
  if ok then
    ok, message, code = is_there(options, creates)
  end
  if ok then
    ok, message, code = prepare(dir)
  end
  if ok then
    local scheme = options.scratch and "scratch:" or "sqlite:"
    ok, message, code = sw.sys.open(dir, scheme .. dir .. "/syncwell.db")
  end
  if ok then
    ok, message, code = home.clock(options)
  end
  if not ok then
    return nil, message, code
  end
  local name = options.user or "me"
  if name == "" or #name > 64 or sw.sys.clean(name) ~= name then
    return nil, "--user: a name has 1 to 64 letters and no control bytes", "usage"
  end
  local person, why, kind = sw.store.person(name)
  if not person and why == nil and options.user and not creates then
    return unknown_person(name)
  elseif not person and why == nil then
    person, why, kind = add_person(name, options.zone or sw.time.local_zone())
  end
  if not person then
    return nil, why, kind
  end
  return { home = dir, who = person.id, name = person.name, zone = person.zone, json = options.json,
    quiet = options.quiet, options = options }
end

function home.txn(ctx)
  return sw.txn.new(ctx.who, ctx.name, ctx.zone)
end

-- For what is the home's and no person's: it goes on when the one who started the engine is erased.
function home.common_txn(ctx)
  return sw.txn.new(0, ctx.name, ctx.zone)
end

-- Offset in minutes of the person's zone at an instant, and the local day of an instant.
function home.offset(ctx, ms)
  return sw.time.offset(ctx.zone, ms)
end

function home.day(ctx, ms)
  return sw.time.day_of(ms, home.offset(ctx, ms))
end

function home.setting(ctx, name)
  local doc = sw.store.doc(ctx.who, "setting", name)
  return doc and doc.body or {}
end

function home.set(ctx, name, value)
  local t = home.txn(ctx)
  t:doc("setting", name, json.encode(value))
  return t:commit()
end

-- Compute merged days that wait, a batch at a time, so that questions see one truth.
function home.settle(ctx, progress)
  while (sw.store.dirty(ctx.who) or 0) > 0 do
    local t = home.txn(ctx)
    t:settle(300)
    local done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
    if progress then
      progress()
    end
  end
  return true
end

return home

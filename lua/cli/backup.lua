-- syncwell backup: a copy of everything in one file, now or by a schedule, and back again.
--   syncwell backup now   |   syncwell backup schedule daily --keep 7   |   syncwell backup restore FILE
local commands = require("commands")
local backup = require("jobs.backup")
local backup_check = require("backup_check")
local backups = require("backups")
local home = require("home")
local queue = require("queue")
local restoring = require("restoring")
local term = require("term")

local json = sw.json

local command = {
  group = "care", summary = "copies of everything, and back again", mutates = true,
  usage = "now [--out FILE] [--with-key] | schedule [SPAN] [--keep N] | schedule off | list "
    .. "| restore FILE [--force]",
  example = "syncwell backup now\nsyncwell backup schedule daily --keep 7\nsyncwell backup restore "
    .. "~/syncwell-20260301T080000Z.tar",
  doc = "A backup is a tar file with the database, the files of the home and a manifest with their hashes.\n"
    .. "The key file is left out unless --with-key seals it with a passphrase: without it services must be\n"
    .. "connected again. `restore` checks everything first and keeps what it replaces beside it.",
  options = {
    out = { value = "FILE", doc = "where to (default: a new file in HOME/backups)" },
    keep = { value = "N", doc = "how many backups of the schedule stay (default: 7)" },
    ["with-key"] = { doc = "the key too, sealed with a passphrase" },
    force = { doc = "restore over a home that has data; it is kept aside" },
  },
  needs_home = function(words)
    return words[1] ~= "restore"
  end,
}

local verbs = {}

local function say(ctx, value, text, ...)
  if ctx.json then
    term.line("%s", json.encode(value))
  elseif not ctx.quiet then
    term.line(text, ...)
  end
  return 0
end

local function bar(ctx)
  local bars = {}
  return function(what, done, total)
    bars[what] = bars[what] or term.progress(what, what == "copying" and term.number or term.bytes)
    if not ctx.quiet and not ctx.json then
      bars[what].show(done, total)
    end
  end, function()
    for _, b in pairs(bars) do
      b.clear()
    end
  end
end

-- --- now ---

local function sealed_key(ctx)
  local path = backups.key_path(ctx.home)
  local key = sw.fs.stat(path) and sw.fs.read(path, 200)
  if not key then
    return nil, "this home has no key yet, so there is none to keep: leave --with-key out", "usage"
  end
  local words = sw.sys.read_hidden("passphrase for the key: ")
  if not words or #words < 8 then
    return nil, "the passphrase needs 8 characters or more", "usage"
  end
  return sw.crypto.seal_with(words, backups.PURPOSE, key)
end

local function out_path(options)
  if not options.out then
    return nil
  end
  local folder, name = options.out:match("^(.-)([^/]+)$")
  local real = name and sw.fs.real(folder == "" and "." or folder)
  if not real then
    return nil, ("--out: there is no folder for '%s'"):format(options.out), "usage"
  elseif sw.fs.stat(real .. "/" .. name) then
    return nil, ("--out: '%s' is there already; choose another name"):format(options.out), "usage"
  end
  return real .. "/" .. name
end

local function make(ctx, out, key)
  local clear
  backup.on_progress, clear = bar(ctx)
  local r, message, code = queue.run_now(ctx, { kind = "backup", name = out or "now",
    payload = json.encode { out = out, key = key } })
  if not r and code == "full" and out then
    r, message, code = backup.unrecorded(ctx, { out = out, key = key })
  elseif not r and code == "full" then
    message = message .. "; or name a place on another disk: --out FILE"
  end
  clear()
  return r, message, code
end

function verbs.now(ctx, _, options)
  local out, message, code = out_path(options)
  if message then
    return nil, message, code
  end
  local key
  if options["with-key"] then
    key, message, code = sealed_key(ctx)
    if not key then
      return nil, message, code
    end
  end
  local r
  r, message, code = make(ctx, out, key)
  if not r then
    return nil, message, code
  end
  return say(ctx, r, "%s: %s, %s records and %s samples\n%s", r.file, term.bytes(r.size or 0),
    term.number(r.records or 0), term.number(r.samples or 0), r.with_key
    and "the key is in it, sealed with your passphrase"
    or "the key is not in it: keep " .. ctx.home .. "/syncwell.key elsewhere, or use --with-key")
end

-- --- schedule ---

local units = { min = 60000, h = 3600000, d = 86400000, w = 604800000 }
local said = { hourly = "1h", daily = "1d", weekly = "1w", monthly = "30d" }

local function span_ms(text)
  local n, unit = text:match("^(%d+)%s*(%a+)$")
  local ms = n and units[unit] and tonumber(n) * units[unit]
  return ms and ms >= 60000 and ms <= 366 * 86400000 and math.tointeger(ms) or nil
end

local function say_schedule(ctx, setting)
  return say(ctx, setting, "a backup every %s while `syncwell run` or `serve` runs, the newest %d stay; "
    .. "the key is never in them", setting.every, setting.keep)
end

local function scheduled(ctx)
  local doc = sw.store.doc(ctx.who, "setting", "backup")
  if doc and doc.body.every then
    return say_schedule(ctx, doc.body)
  end
  return say(ctx, { every = json.null }, "none are made by themselves; for example: "
    .. "syncwell backup schedule daily --keep 7")
end

function verbs.schedule(ctx, words, options)
  if words[2] == "off" then
    local ok, message, code = home.set(ctx, "backup", {})
    if not ok then
      return nil, message, code
    end
    return say(ctx, { every = json.null }, "no backups are made by themselves any more")
  end
  if not words[2] then
    return scheduled(ctx)
  end
  local every = said[words[2]] or words[2]
  local ms, keep = span_ms(every), math.tointeger(tonumber(options.keep or 7))
  if not ms then
    return nil, ("'%s' is no span such as daily, 12h or 1w (1min to a year), nor off"):format(words[2]),
      "usage"
  elseif not keep or keep < 1 or keep > 10000 then
    return nil, "--keep takes a number from 1 on", "usage"
  end
  local setting = { every = every, every_ms = ms, keep = keep }
  local t = home.txn(ctx)
  t:doc("setting", "backup", json.encode(setting))
  backups.plan_next(t, setting, sw.time.now() - ms)
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return say_schedule(ctx, setting)
end

-- --- list ---

function verbs.list(ctx)
  local list, rows = backups.list(ctx), {}
  for i, e in ipairs(list) do
    local n = 0
    for _, p in ipairs(e.people or {}) do
      n = n + p.records
    end
    rows[i] = { e.at or "?", term.bytes(e.size), e.people and ("%d records"):format(n) or "", e.file,
      e.problem or (e.with_key and "with key" or "") }
  end
  if ctx.json then
    term.line("%s", json.encode(json.list(list)))
  elseif #rows == 0 then
    term.line("no backup yet: `syncwell backup now` makes one")
  else
    term.table({ "made", "size", "data", "file", "" }, rows)
  end
  return 0
end

-- --- restore ---

-- Who is in a home, nil where it has no database; and why it cannot be read.
local function people_of(dir)
  if not sw.fs.stat(dir .. "/syncwell.db") then
    return nil
  end
  local look = sw.care.look(dir .. "/syncwell.db"):wait()
  return look and look.people, not look and "a database that cannot be read" or nil
end

-- Of those whom a backup brings, who was not here any more: somebody may have been erased since.
local function returned(people, manifest)
  local there, list = {}, json.list()
  for _, p in ipairs(people or {}) do
    there[p.name] = true
  end
  for _, p in ipairs(people and manifest.people or {}) do
    list[#list + 1] = not there[p.name] and p.name or nil
  end
  return list
end

-- nil when the home has nothing to lose.
local function something_there(people, why)
  if why then
    return why
  end
  for _, p in ipairs(people or {}) do
    if p.records + p.samples + p.connections > 0 then
      return ("data (%s: %d records, %d samples)"):format(p.name, p.records, p.samples)
    end
  end
end

local function verify(stage, manifest)
  local why = backup_check.files(stage, manifest, backups.may_hold)
  if why then
    return nil, ("the backup is damaged: %s; nothing was changed"):format(why), "bad"
  end
  local look, message, code = sw.care.look(stage .. "/syncwell.db"):wait()
  if not look then
    return nil, message, code
  elseif #look.damage > 0 then
    return nil, "the database in this backup is damaged: " .. look.damage[1], "bad"
  end
  return look
end

local function put_key(stage, manifest, options)
  if not options["with-key"] then
    return true
  elseif not manifest.key then
    return nil, "this backup holds no key: leave --with-key out", "usage"
  end
  local words = sw.sys.read_hidden("passphrase of the key: ")
  local key, message, code = sw.crypto.unseal_with(words or "", backups.PURPOSE, manifest.key)
  if not key then
    return nil, message, code
  end
  return sw.fs.write(stage .. "/syncwell.key", key, 384)
end

local function stage_all(dir, file, manifest, options, show)
  local stage = restoring.stage(dir)
  sw.fs.remove_tree(dir .. "/.restore")
  local ok, message, code = sw.fs.mkdir(stage)
  if ok then
    ok, message, code = backups.watch("reading", sw.care.unpack(file, stage), show)
  end
  if ok then
    sw.fs.remove(stage .. "/" .. backups.MANIFEST)
    ok, message, code = verify(stage, manifest)
  end
  if ok then
    ok, message, code = put_key(stage, manifest, options)
  end
  if ok and sw.fs.stat(dir .. "/syncwell.db") then
    local alone, why, kind = sw.care.alone(dir .. "/syncwell.db"):wait()
    if not alone and kind == "busy" then
      ok, message, code = nil, "syncwell runs on this home: stop it first (serve, run or a command)", "busy"
    elseif not alone and kind ~= "bad" then
      ok, message, code = nil, why, kind
    end
  end
  return ok, message, code
end

-- Never one that holds something: what is there already is taken for what was kept before a kill.
local function free_name(dir)
  local base = "before-restore-" .. sw.time.iso(sw.time.wall() // 1000 * 1000, 0):gsub("[-:]", "")
    :gsub("%+0000$", "Z")
  local name, n = base, 1
  while sw.fs.stat(dir .. "/" .. name) do
    n = n + 1
    name = base .. "-" .. n
  end
  return name
end

local function put_in_place(dir, file, manifest, options, show)
  local ok, message, code = stage_all(dir, file, manifest, options, show)
  local aside = free_name(dir)
  if not ok then
    sw.fs.remove_tree(dir .. "/.restore")
    return nil, message, code
  end
  local had = sw.fs.stat(dir .. "/syncwell.db")
  ok, message, code = restoring.ready(dir, aside)
  if ok then
    ok, message, code = restoring.move(dir)
  end
  return ok and (had and dir .. "/" .. aside or ""), message, code
end

-- Scripts and settings are taken as they are: whose they are only the key tells.
local function script_note(manifest)
  for _, f in ipairs(manifest.files) do
    if f.name == "config.lua" or f.name:find("^[rp]%l+/.+%.lua$") then
      return "\nits rules, providers and config.lua came with it: if the backup is not your own, look at "
        .. "them (`syncwell rules list`) before `syncwell run` or `serve` starts them"
    end
  end
  return ""
end

local function key_note(dir, manifest)
  local mark = backups.key_mark(dir)
  if mark and mark == manifest.key_mark then
    return ""
  elseif not manifest.key_mark then
    return script_note(manifest)
  end
  return script_note(manifest)
    .. "\nthe key of this home is another one than when the backup was made: put the old syncwell.key back "
    .. "or connect the services again"
end

local function returned_note(list)
  local lines = {}
  for i, name in ipairs(list) do
    lines[i] = ("\n%s is here again, who was not any more: to erase, syncwell users erase %s"):format(
      sw.sys.clean(name), sw.sys.clean(name))
  end
  return table.concat(lines)
end

-- As it was written, else in the home, where `backup now` puts it.
local function found(word, dir)
  return word and (sw.fs.real(word) or sw.fs.real(dir .. "/" .. word)
    or sw.fs.real(dir .. "/backups/" .. word))
end

function verbs.restore(ctx, words, options)
  local dir = home.dir(options)
  local file = found(words[2], dir)
  if not words[2] then
    return nil, "which one? `syncwell backup list` names them: syncwell backup restore FILE", "usage"
  elseif not file then
    return nil, ("there is no backup at '%s'"):format(words[2]), "usage"
  end
  local manifest, message, code = backups.read(file)
  local ok = manifest
  if ok then
    ok, message, code = sw.fs.mkdir(dir)
  end
  if ok then
    ok, message, code = restoring.finish(dir)
  end
  local lock
  if ok then
    lock, message, code = restoring.lock(dir)
  end
  if not lock then
    return nil, message, code
  end
  local people, unread = people_of(dir)
  local there = something_there(people, unread)
  if there and not options.force then
    return nil, ("%s holds %s: --force puts the backup in its place and keeps it aside"):format(dir, there),
      "usage"
  end
  local show, clear = bar(ctx)
  local aside
  aside, message, code = put_in_place(dir, file, manifest, options, show)
  clear()
  lock:close()
  if not aside then
    return nil, message, code
  end
  local again = returned(people, manifest)
  return say(ctx, { restored = file, at = manifest.at, home = dir, kept = aside ~= "" and aside or nil,
    returned = again }, "%s is as it was at %s%s%s%s", dir, sw.sys.clean(manifest.at),
    aside ~= "" and "; what was there is in " .. aside or "", returned_note(again), key_note(dir, manifest))
end

function command.run(ctx, words, options)
  local verb, message, code = commands.verb("backup", verbs, words[1])
  if not verb then
    return nil, message, code
  end
  return verb(ctx, words, options)
end

return command

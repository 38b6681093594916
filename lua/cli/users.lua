-- syncwell users: who has data in this home; one of them erased for good.
--   syncwell users   |   syncwell users erase anna
local erasing = require("erasing")
local term = require("term")

local json = sw.json

local command = {
  group = "care", summary = "who has data here, and erasing it for good", mutates = true,
  usage = "[list | erase NAME [--yes] | compact]", example = "syncwell users\nsyncwell users erase anna",
  doc = "`erase` removes everything of a person: samples, records, documents, jobs, credentials and the\n"
    .. "bytes of it in the file. It names the backups that still hold it. On a terminal it asks for the\n"
    .. "name again, elsewhere it needs --yes.",
  options = { yes = { doc = "do not ask" } },
}

command.words = { NAME = "people" }

local verbs = {}

function verbs.list(ctx)
  local rows, out = {}, json.list()
  for i, p in ipairs(sw.store.people() or {}) do
    local c = sw.store.counts(p.id) or {}
    out[i] = { name = p.name, zone = p.zone, records = c.records, samples = c.samples }
    rows[i] = { p.name, p.zone, term.number(c.records or 0), term.number(c.samples or 0) }
  end
  if ctx.json then
    term.line("%s", json.encode(out))
  else
    term.table({ "name", "zone", "records", "samples" }, rows)
  end
  return 0
end

local function find(name)
  for _, p in ipairs(sw.store.people() or {}) do
    if p.name == name then
      return p
    end
  end
  return nil, ("nobody called '%s' has data here; `syncwell users` lists who has")
    :format(tostring(name)), "usage"
end

local function is_meant(options, name)
  if options.yes then
    return true
  elseif not sw.sys.tty(0) then
    return nil, ("nothing was erased: here nobody can be asked, so say it: users erase %s --yes")
      :format(name)
  end
  return sw.sys.read_line(("everything of %s goes for good; type the name to go on: "):format(name)) == name
end

function verbs.erase(ctx, name, options)
  local person, message, code = find(name)
  if not person then
    return nil, message, code
  end
  local meant, why = is_meant(options, name)
  if not meant then
    return nil, why or "nothing was erased", "usage"
  end
  local r
  r, message, code = erasing.person(ctx, person)
  if not r then
    return nil, message, code
  elseif ctx.json then
    term.line("%s", json.encode { erased = name, backups = r.backups, notes = r.notes })
    return 0
  end
  term.line("%s is erased", sw.sys.clean(name))
  for _, file in ipairs(r.backups) do
    term.line("still in the backup %s", file)
  end
  if r.notes then
    term.line("notes that rules wrote are still in %s, whoever they were for", r.notes)
  end
  return 0
end

function verbs.compact(ctx)
  local ok, message, code = erasing.compact(ctx)
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"compact":true}' or "nothing deleted is left in the file")
  return 0
end

function command.run(ctx, words, options)
  local verb = verbs[words[1] or "list"]
  if not verb then
    return nil, ("users knows list, erase and compact, not '%s'"):format(words[1]), "usage"
  end
  return verb(ctx, words[2], options)
end

return command

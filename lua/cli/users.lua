-- syncwell users: who has data in this home; one of them erased for good.
--   syncwell users   |   syncwell users erase anna
local commands = require("commands")
local erasing = require("erasing")
local term = require("term")

local json = sw.json

local command = {
  group = "care", summary = "who has data here, and erasing it for good", mutates = true,
  usage = "[list | erase NAME [--yes] | compact]", example = "syncwell users\nsyncwell users erase anna",
  doc = "Somebody new comes by `syncwell --user NAME init`, and is named by --user in every command.\n"
    .. "`erase` removes everything of a person: samples, records, documents, jobs, credentials, notes and\n"
    .. "the bytes of it in the file. It names the backups that still hold it. On a terminal it asks for\n"
    .. "the name again, elsewhere it needs --yes. `compact` brings an erasure to its end that was stopped.",
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

local function print_erased(ctx, r)
  if ctx.json then
    term.line("%s", json.encode { erased = r.erased, backups = r.backups, moved = r.moved, notes = r.notes })
    return
  end
  term.line("%s is erased", sw.sys.clean(r.erased))
  for _, line in ipairs(erasing.left(r)) do
    term.line("%s", line)
  end
end

-- What was stopped after its rows were gone: the same answer, late.
local function finish(ctx, wanted)
  local any = false
  for _, plan in ipairs(erasing.pending(ctx)) do
    if wanted == nil or plan.erased == wanted then
      local r, message, code = erasing.finish(ctx, plan)
      if not r then
        return nil, message, code
      end
      print_erased(ctx, r)
      any = true
    end
  end
  return any
end

function verbs.erase(ctx, name, options)
  local person, message, code = find(name)
  if not person then
    local late, why, kind = finish(ctx, name or "")
    if late == false then
      return nil, message, code
    end
    return late and 0 or nil, why, kind
  end
  local meant, why = is_meant(options, name)
  if not meant then
    return nil, why or "nothing was erased", "usage"
  end
  local r
  r, message, code = erasing.person(ctx, person)
  if not r then
    return nil, message, code
  end
  print_erased(ctx, r)
  return 0
end

function verbs.compact(ctx)
  local late, message, code = finish(ctx)
  if late == nil then
    return nil, message, code
  elseif late then
    return 0
  end
  local ok
  ok, message, code = erasing.compact(ctx)
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"compact":true}' or "nothing deleted is left in the file")
  return 0
end

function command.run(ctx, words, options)
  local verb, message, code = commands.verb("users", verbs, words[1])
  if not verb then
    return nil, message .. "; somebody new: syncwell --user NAME init", code
  end
  return verb(ctx, words[2], options)
end

return command

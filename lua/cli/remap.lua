-- syncwell remap: map again what services gave, without asking them.
--   syncwell remap   |   syncwell remap intervals-icu --resource wellness --dry-run
local connections = require("connections")
local job = require("jobs.remap")
local queue = require("queue")
local term = require("term")
local when = require("when")

local json = sw.json

local command = {
  group = "data", summary = "map again what services gave, without asking them",
  usage = "[NAME] [--resource RESOURCE] [--since DAY] [--dry-run]", mutates = true,
  example = "syncwell remap --dry-run\nsyncwell remap intervals-icu --resource wellness --since 2026-03-01",
  doc = "Answers of services are kept for 30 days (retention.raw_days of config.lua). After a provider\n"
    .. "script changed, what it gives of them replaces what was stored; what it no longer gives goes.\n"
    .. "Files that were imported are not kept here: import them again. `syncwell undo --last` takes it back.",
  options = {
    resource = { value = "RESOURCE", doc = "only this one, such as activities" },
    since = { value = "DAY", doc = "only what is about this day and later ones" },
    ["dry-run"] = { doc = "only say what would change" },
  },
}

command.words = { NAME = "connections" }

local function parse(ctx, options)
  local since = options.since and when.span(ctx, options.since)
  if options.since and not since then
    return nil, ("--since: '%s' is not a day I understand"):format(options.since), "usage"
  end
  return { resource = options.resource, since = since or nil }
end

local function one(ctx, c, what, dry)
  if dry then
    return job.dry(ctx, c, what)
  end
  what.connection = c.id
  local spec = { kind = "remap", name = job.name(c, what), payload = json.encode(what) }
  return queue.run_now(ctx, spec, function()
    sw.sys.err(("waiting for another process that maps %s again\n"):format(connections.title(c)))
  end)
end

local function parts(by)
  local names, list = {}, {}
  for name in pairs(by or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local words = {}
    for _, what in ipairs { "new", "updated", "removed" } do
      local n = by[name][what]
      words[#words + 1] = n > 0 and ("%s %s"):format(term.number(n), what) or nil
    end
    list[#list + 1] = name .. " " .. table.concat(words, ", ")
  end
  return #list > 0 and table.concat(list, "; ") or "nothing changes"
end

local function say(o, dry)
  if o.answers + o.failed == 0 then
    return term.line("%s: nothing is kept of what it gave", o.connection)
  end
  term.line("%s: %s answer%s mapped again%s: %s", o.connection, term.number(o.answers),
    o.answers == 1 and "" or "s", dry and " (nothing was written)" or "", parts(o.by))
  if o.failed > 0 then
    term.line("  %d could not be and stay as they were: %s", o.failed, o.why)
  end
  if o.unknown then
    term.line("  of %d it is not known what they gave before: nothing of them was removed", o.unknown)
  end
  if o.run then
    term.line("  take it back with: syncwell undo %d", o.run)
  end
end

local function all(ctx, list, what, dry)
  local bar, out, bad = term.progress("mapping", term.number), json.list(), 0
  job.on_progress = function(done, whole)
    if not ctx.quiet and not ctx.json then
      bar.show(done, whole)
    end
  end
  for i, c in ipairs(list) do
    local o, message, code = one(ctx, c, what, dry)
    bar.clear()
    if not o then
      return nil, message, code
    elseif not o.answers then
      return nil, o.skipped or "another process gave it up; `syncwell status` says why", "failed"
    end
    out[i], bad = o, bad + o.failed
    if not ctx.json then
      say(o, dry)
    end
  end
  return out, bad
end

function command.run(ctx, words, options)
  local what, message, code = parse(ctx, options)
  local list
  if what then
    list, message, code = connections.chosen(ctx, words[1])
  end
  if not list then
    return nil, message, code
  end
  local out, bad, kind = all(ctx, list, what, options["dry-run"])
  if not out then
    return nil, bad, kind
  elseif ctx.json then
    term.line("%s", json.encode(out))
  elseif #list == 0 then
    term.line("nothing is connected: there is nothing to map again")
  end
  return bad == 0 and 0 or 4
end

return command

-- syncwell origins: the devices and apps that measured, which of them is believed first, and which are one.
--   syncwell origins   |   syncwell origins rank "Forerunner 255" Watch --for steps   |   syncwell origins
-- merge A B
local fields = require("box.fields")
local commands = require("commands")
local data = require("data")
local home = require("home")
local schema = require("schema")
local spelling = require("box.spelling")
local term = require("term")

local json = sw.json

local command = {
  group = "data", summary = "devices and apps: which is believed first, which are one",
  usage = "[list | rank ORIGIN... [--for METRIC] [--from HH:MM] [--to HH:MM] "
    .. "| unrank [--for METRIC] | merge ORIGIN INTO]",
  example = 'syncwell origins\nsyncwell origins rank "Forerunner 255" "Apple Watch"\n'
    .. 'syncwell origins rank Scale --for weight\nsyncwell origins unrank --for weight\n'
    .. 'syncwell origins rank Ring --for heart_rate --from 22:00 --to 07:00\n'
    .. 'syncwell origins merge "Old iPhone" iPhone',
  doc = "Where several saw the same, the best one counts: watch, ring and band before phone, what was\n"
    .. "typed in before all. `rank` puts origins before all others, the first one best: for a metric, for\n"
    .. "workouts or nights (--for workout, --for sleep), or for everything; with --from and --to for that\n"
    .. "part of each day alone, before what is said of whole days. An origin is named by its name\n"
    .. "or the beginning of its id. `merge` makes two origins one, for good: what comes under the old name\n"
    .. "goes to the other.",
  options = {
    ["for"] = { value = "METRIC", doc = "a metric or a kind of record; without it everything" },
    from = { value = "HH:MM", doc = "rank: where the part of each day begins that this is for" },
    to = { value = "HH:MM", doc = "rank: where it ends; before --from: the next morning" },
  },
}

command.words = { ORIGIN = "origins", INTO = "origins" }

function command.mutates(words)
  return words[1] == "rank" or words[1] == "unrank" or words[1] == "merge"
end

-- Notes have no rank: nothing disagrees about them.
local function is_ranked_kind(word)
  return fields.is_record[word] and word ~= "note"
end

local function hex(id)
  return ("%016x"):format(id)
end

-- By name, else by the beginning of its id; one that is another one now is that one.
local function find(ctx, word)
  local found, names = {}, {}
  for _, o in ipairs(sw.store.origins(ctx.who)) do
    local is_named = spelling.same(o.name, word)
    if o.merged_into == 0 then
      names[#names + 1] = o.name
      found[#found + 1] = (is_named or #word >= 4 and hex(o.id):sub(1, #word) == word) and o or nil
    end
  end
  if #found == 1 then
    return found[1]
  elseif #found > 1 then
    return nil,
      ("%d origins are called '%s'; use the beginning of an id from: syncwell origins"):format(#found,
      word), "usage"
  end
  return nil, ("there is no origin '%s'%s; `syncwell origins` lists them"):format(word,
    schema.did_you_mean(word, names)), "usage"
end

local function metric_of(options)
  local word = options["for"]
  if not word or is_ranked_kind(word) then
    return word or ""
  end
  local m, message, code = data.metric(word)
  return m and m.name, message, code
end

local function minute(word, name)
  local h, m = tostring(word):match "^(%d%d?):(%d%d)$"
  h, m = math.tointeger(h), math.tointeger(m)
  if not h or h > 23 or m > 59 then
    return nil, ("'%s' is no time of day for --%s; one is written like 22:00"):format(
      sw.sys.clean(word), name), "usage"
  end
  return h * 60 + m
end

-- The part of each day that --from and --to name, in minutes, put into `of`.
local function take_part(of, options)
  if not options.from or not options.to then
    return nil, "a part of the day has two ends: give both --from and --to", "usage"
  elseif is_ranked_kind(of.metric) then
    return nil, of.metric .. " is of whole pieces without parts of the day; --from is for metrics", "usage"
  end
  local why, code
  for _, name in ipairs { "from", "to" } do
    of[name], why, code = minute(options[name], name)
    if not of[name] then
      return nil, why, code
    end
  end
  if of.from == of.to then
    return nil, "that part of the day has no length; without --from and --to it is the whole day", "usage"
  end
  return of
end

-- What is ranked: { metric, from, to }; metric "" is everything, without from and to it is the whole day.
local function subject(options)
  local metric, why, code = metric_of(options)
  if not metric then
    return nil, why, code
  end
  local of = { metric = metric }
  if options.from or options.to then
    return take_part(of, options)
  end
  return of
end

local function clock_text(min)
  return ("%02d:%02d"):format(min // 60, min % 60)
end

local function part_text(from, to)
  return from and (" from %s to %s"):format(clock_text(from), clock_text(to)) or ""
end

local function subject_text(of)
  return (of.metric ~= "" and of.metric or "everything") .. part_text(of.from, of.to)
end

-- Days that this decides are computed again at once.
local function commit(ctx, t)
  local done, message, code = t:commit()
  if not done then
    return nil, message, code
  end
  return home.settle(ctx)
end

-- What was done: a document for machines, a sentence for people.
local function say(ctx, document, text)
  term.line("%s", ctx.json and json.encode(document) or text)
  return 0
end

local verbs = {}

local function ranks_of(ctx)
  local by_origin = {}
  for _, r in ipairs(sw.store.ranks(ctx.who)) do
    local text = ("%d%s%s"):format(r.place, r.metric ~= "" and " for " .. r.metric or "",
      part_text(r.from_min, r.to_min))
    by_origin[r.origin] = by_origin[r.origin] and by_origin[r.origin] .. ", " .. text or text
  end
  return by_origin
end

function verbs.list(ctx)
  local list, ranks, rows = json.list(), ranks_of(ctx), {}
  for _, o in ipairs(sw.store.origins(ctx.who)) do
    if o.merged_into == 0 then
      list[#list + 1] = { id = hex(o.id), name = o.name, provider = o.provider, maker = o.maker,
        model = o.model,
        class = o.class, standing = o.standing, rank = ranks[o.id] }
      rows[#rows + 1] = { hex(o.id):sub(1, 8), sw.sys.clean(o.name), o.provider, o.class ~= ""
        and o.class or "-",
        ranks[o.id] or "" }
    end
  end
  if ctx.json then
    term.line("%s", json.encode(list))
  elseif #rows == 0 then
    term.line("nothing has measured anything yet; begin with: syncwell import FILE")
  else
    term.table({ "id", "origin", "through", "class", "ranked" }, rows)
  end
  return 0
end

function verbs.rank(ctx, words, options)
  local of, why, kind = subject(options)
  if not of then
    return nil, why, kind
  elseif not words[2] or #words > 11 then
    return nil, "origins rank needs one to ten origins, the best one first", "usage"
  end
  local ids, names, seen = {}, {}, {}
  for i = 2, #words do
    local o, message, code = find(ctx, words[i])
    if not o then
      return nil, message, code
    end
    if seen[o.id] then
      return nil, ("'%s' is named twice"):format(words[i]), "usage"
    end
    ids[#ids + 1], names[#names + 1], seen[o.id] = o.id, sw.sys.clean(o.name), true
  end
  local t = home.txn(ctx)
  t:origin_rank(of.metric, ids, of.from, of.to)
  local done, message, code = commit(ctx, t)
  if not done then
    return nil, message, code
  end
  return say(ctx, { of = subject_text(of), ranked = json.list(names) },
    ("%s first: %s"):format(subject_text(of), table.concat(names, ", then ")))
end

function verbs.unrank(ctx, _, options)
  local of, why, kind = subject(options)
  if not of then
    return nil, why, kind
  end
  local t = home.txn(ctx)
  t:origin_rank(of.metric, {}, of.from, of.to)
  local done, message, code = commit(ctx, t)
  if not done then
    return nil, message, code
  end
  return say(ctx, { of = subject_text(of), ranked = json.list() },
    ("%s: %s again"):format(subject_text(of), of.from and "as in the rest of the day" or "by class"))
end

function verbs.merge(ctx, words)
  if not words[3] then
    return nil, "origins merge needs two origins: the one that goes, and the one that stays", "usage"
  end
  local from, why, kind = find(ctx, words[2])
  local into
  if from then
    into, why, kind = find(ctx, words[3])
  end
  if not into then
    return nil, why, kind
  end
  local t = home.txn(ctx)
  t:origin_merge(from.id, into.id)
  local done, message, code = commit(ctx, t)
  if not done then
    return nil, message, code
  end
  return say(ctx, { merged = hex(from.id), into = hex(into.id) },
    ("%s is %s from now on"):format(sw.sys.clean(from.name), sw.sys.clean(into.name)))
end

function command.run(ctx, words, options)
  local verb, message, code = commands.verb("origins", verbs, words[1])
  if not verb then
    return nil, message, code
  end
  return verb(ctx, words, options)
end

return command

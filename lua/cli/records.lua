-- syncwell records: workouts, nights, meals and other things with structure; to look at and to mend.
--   syncwell records join ID ID   |   syncwell records split ID
--   syncwell records workout --from 2026-03-01 --json
--   syncwell records edit --where "kind=workout day=2026-03-01" --set title="Evening run"
local fields = require("box.fields")
local bulk = require("bulk")
local edits = require("edits")
local grouping = require("grouping")
local home = require("home")
local record = require("record")
local record_rows = require("record_rows")
local schema = require("schema")
local term = require("term")
local when = require("when")

local json = sw.json

local command = {
  any_words = true, -- the verb may stand before the kind or behind it
  group = "data", summary = "list records of a kind, edit, tag, delete, join or split them",
  usage = "KIND [WHEN] [--from DAY] [--to DAY] [--id ID] | edit --where CONDITIONS --set KEY=VALUE "
    .. "| tag --where CONDITIONS TAG... | delete --where CONDITIONS [--dry-run] | join ID ID... | split ID",
  example = "syncwell records workout last 30d\nsyncwell records sleep --from 2026-01-01 --json\n"
    .. "syncwell records edit --where \"kind=workout sport=running day=2026-03-01\" "
    .. "--set title=\"Along the river\"\n"
    .. "syncwell records join 1f0c5a9be0d3c2b1 2a9d0c3b4e5f6071\nsyncwell records split 2a9d0c3b4e5f6071",
  doc = "Kinds: workout, sleep, meal, mindful, measurement, note; `all` for every kind.\n"
    .. "All of them unless --from or --to is given.\n"
    .. "Conditions: kind, type, day, provider, maker, origin, id, group, tag, or an attribute with = < > <=\n"
    .. ">=.\n"
    .. "An edit lies over the original, which stays; figures may have a unit (distance_m=9km), start and\n"
    .. "finish are times of that day (finish=18:40). join makes one event of several that were not seen to\n"
    .. "be one, split takes a record out of its event; both stand for good, whatever comes later. Ids are\n"
    .. "those of records and groups; a group that was joined is still found by its old one.\n"
    .. "`syncwell undo --last` takes any of them back. What is deleted is hidden, not destroyed: no total\n"
    .. "and no rule sees it, `export json` and backups still hold it.",
  options = {
    from = { value = "DAY", doc = "first day" }, to = { value = "DAY", doc = "last day, with it" },
    id = { value = "ID", doc = "only the record or group with this id" },
    where = { value = "CONDITIONS", doc = "which ones: \"kind=workout sport=running distance_m>5000\"" },
    set = { value = "KEY=VALUE", list = true, doc = "what edit writes; several times for several" },
    ["dry-run"] = { doc = "only say what would change" },
  },
}

function command.mutates(words)
  return words[1] == "edit" or words[1] == "tag" or words[1] == "delete" or words[1] == "join"
    or words[1] == "split"
    or words[2] ~= nil and words[2] ~= "list"
end

local kinds = table.move(fields.record_kinds, 1, #fields.record_kinds, 1, {})
kinds[#kinds + 1] = "all"
command.words = { KIND = kinds }

local named_verbs = { "list", "join", "split", "edit", "delete", "tag" }

local function known_kind(word)
  if word == "all" or fields.is_record[word] then
    return true
  end
  local near = schema.did_you_mean(word, named_verbs)
  if near == "" then
    near = schema.one_of(word:gsub("s$", ""), kinds)
  end
  return nil, ("there is no kind of record '%s'%s"):format(word, near), "usage"
end

-- The days of "last 9d" behind the kind, or of --from and --to.
local function span_of(ctx, text, options)
  if text == "" then
    return when.range(ctx, options)
  elseif options.from or options.to then
    return nil, ("'%s' is one word too many beside --from and --to"):format(text), "usage"
  end
  local first, last = when.span(ctx, text)
  if not first then
    return nil, ("'%s' is not a time I understand (try: yesterday, last 30d, 2026-03)"):format(text), "usage"
  end
  return { first = first, last = last }
end

local function filter_of(ctx, words, options)
  local f = { kind = words[1] ~= "all" and words[1] or nil }
  local span, message, code = span_of(ctx, table.concat(words, " ", 2), options)
  if not span then
    return nil, message, code
  elseif span.first or span.last then
    f.first_day, f.last_day = span.first or sw.time.day(1900, 1, 1), span.last or sw.time.day(2079, 12, 31)
  end
  return f
end

local function summary(r)
  local a = r.attributes
  if r.kind == "sleep" then
    return a.asleep_s and term.duration(a.asleep_s) .. " asleep" or a.in_bed_s and term.duration(a.in_bed_s)
      .. " in bed" or ""
  elseif r.kind == "note" then
    return a.text or ""
  elseif r.kind == "measurement" then
    return ("%s %s%s"):format(a.name or "", a.value or "", a.unit and " " .. a.unit or "")
  elseif r.kind == "meal" then
    return (a.name or "") .. (a.energy_kcal and (" %.0f kcal"):format(a.energy_kcal) or "")
  end
  local elapsed, distance, hr = tonumber(a.elapsed_s), tonumber(a.distance_m), tonumber(a.hr_avg)
  local parts = { elapsed and term.duration(elapsed) }
  parts[#parts + 1] = distance and distance > 0 and ("%.2f km"):format(distance / 1000) or nil
  parts[#parts + 1] = hr and ("%.0f /min"):format(hr) or nil
  return table.concat(parts, ", ")
end

-- --- edit, tag, delete ---

local function shown(e)
  return ("%s  %s  %s"):format(sw.time.iso(e.view.start, e.view.offset_start):sub(1, 16):gsub("T", " "),
    e.view.type, summary({ kind = e.view.kind, attributes = e.view.attributes }))
end

local function what_would(ctx, verb, list)
  if ctx.json then
    local ids = json.list()
    for i, e in ipairs(list) do
      ids[i] = e.view.group
    end
    term.line("%s", json.encode { dry_run = true, verb = verb, matched = #list, groups = ids })
    return 0
  end
  for i, e in ipairs(list) do
    if i <= 20 then
      term.line("%s", sw.sys.clean(shown(e)))
    end
  end
  term.line("%d would be %s%s", #list, verb == "tag" and "tagged" or verb == "edit" and "edited" or "deleted",
    #list > 20 and " (the first 20 are shown)" or "")
  return 0
end

local verbs = {}

function verbs.edit(ctx, list, _, options, text)
  local changes, why = edits.read(ctx, list, options.set or {})
  if not changes then
    return nil, why, "usage"
  end
  if options["dry-run"] then
    return false
  end
  return bulk.edit(ctx, list, changes, text)
end

function verbs.tag(ctx, list, words, options, text)
  local tags = {}
  for _, word in ipairs(words) do
    if #word > 60 or word:find("[%s,]") then
      return nil, ("'%s' is no tag: one word of at most 60 bytes"):format(word), "usage"
    end
    tags[#tags + 1] = word
  end
  if #tags == 0 then
    return nil, "tag needs one or more tags: records tag --where ... race", "usage"
  end
  if options["dry-run"] then
    return false
  end
  return bulk.tag(ctx, list, tags, text)
end

function verbs.delete(ctx, list, _, options, text)
  if options["dry-run"] then
    return false
  end
  return bulk.delete(ctx, list, text)
end

local function change(ctx, verb, words, options, kind)
  local where = (kind and "kind=" .. kind .. " " or "") .. (options.where or "")
  if not options.where then
    return nil, ("%s needs --where, so that nothing is changed by accident; all workouts: --where "
      .. "kind=workout"):format(verb), "usage"
  end
  local list, message, code = bulk.select(ctx, where)
  if not list then
    return nil, message, code
  end
  local text = ("records %s --where \"%s\""):format(verb, where)
  local run, n, why = verbs[verb](ctx, list, words, options, text)
  if run == nil then
    return nil, n, why
  elseif run == false then
    return what_would(ctx, verb, list)
  end
  if ctx.json then
    term.line("%s", json.encode { run = run, verb = verb, matched = #list, changed = n })
  elseif #list == 0 then
    term.line("nothing there meets these conditions")
  else
    term.line("%d %s; take it back with: syncwell undo %d", n, verb == "tag" and "tagged" or verb == "edit"
      and "edited" or "deleted", run)
  end
  return 0
end

-- --- groups by hand ---

local by_hand = {}

function by_hand.join(ctx, ids)
  if #ids < 2 then
    return nil, "join needs two ids at least: records join ID ID", "usage"
  end
  local r, message, code = grouping.join(ctx, ids)
  if not r then
    return nil, message, code
  elseif ctx.json then
    term.line("%s", json.encode(r))
  else
    term.line("one event of %d records now, %s; take it back with: syncwell undo %d", r.members, r.group,
      r.run)
  end
  return 0
end

function by_hand.split(ctx, ids)
  if #ids ~= 1 then
    return nil, "split needs the id of the record that leaves its event: records split ID", "usage"
  end
  local r, message, code = grouping.split(ctx, ids[1])
  if not r then
    return nil, message, code
  elseif ctx.json then
    term.line("%s", json.encode(r))
  else
    term.line("an event of its own now, %s, beside %s; take it back with: syncwell undo %d", r.group, r.from,
      r.run)
  end
  return 0
end

local function too_many(word)
  return nil, ("'%s' is one word too many; conditions stand behind --where, in quotes"):format(word), "usage"
end

-- "records ID" shows the record or group of that id.
local function id_first(ctx, words, options)
  if words[1] and #words[1] > 6 and words[1]:find("^%x+$") then
    options.id, words[1] = words[1], "all"
  end
  if options.id and not (#options.id <= 16 and options.id:find("^%x+$")) then
    return nil, ("--id: '%s' is no id; --json shows those there are"):format(options.id), "usage"
  end
  options.id = options.id and (#options.id > 6 and grouping.resolve(ctx, options.id) or options.id)
  return true
end

-- The groups that --where means, all where it is not said.
local function groups_meant(ctx, kind, where)
  if not where then
    return nil
  end
  local list, message, code = bulk.select(ctx, (kind ~= "all" and "kind=" .. kind .. " " or "") .. where)
  if not list then
    return false, message, code
  end
  local groups = {}
  for _, e in ipairs(list) do
    groups[e.view.group] = true
  end
  return groups
end

-- The clock on the wall there; where that was another than at home, with its offset.
local function wall(ctx, iso)
  local offset = iso:match("[+-]%d%d:%d%d$") or "Z"
  local at = sw.time.parse(iso)
  local away = at and sw.time.iso(at, home.offset(ctx, at)):sub(-#offset) ~= offset
  return iso:sub(1, 16):gsub("T", " ") .. (away and " " .. (offset == "Z" and "UTC" or offset) or "")
end

-- Those of the groups that are meant, all where groups is nil, as people see them.
local function public(rows, groups)
  return function()
    local r
    repeat
      r = rows.next()
    until not r or not groups or groups[("%x"):format(r.group)]
    return r and record.public(r)
  end
end

local function outcome(rows)
  if rows.failed then
    return nil, table.unpack(rows.failed)
  end
  return 0
end

-- One list, written as it is read: years of records with their segments are more than one wants to hold.
local function print_json(_, rows, groups)
  local before = "["
  for p in public(rows, groups) do
    term.out(before .. json.encode(p))
    before = ","
  end
  term.line("%s]", before == "[" and "[" or "")
  return outcome(rows)
end

local function print_table(ctx, rows, groups)
  local list = {}
  for r in public(rows, groups) do
    list[#list + 1] = { wall(ctx, r.start), r.type, summary(r), r.origin ~= "" and r.origin
      or r.provider, r.group }
  end
  if rows.failed then
    return outcome(rows)
  elseif #list == 0 then
    term.line("no records of that kind in that time")
  else
    term.table({ "start", "type", "what", "origin", "group" }, list)
  end
  return 0
end

-- Records that are asked for, as people and machines see them.
local function list(ctx, words, options)
  local f, message, code = known_kind(words[1])
  if f then
    f, message, code = filter_of(ctx, words, options)
  end
  if not f then
    return nil, message, code
  end
  local groups
  groups, message, code = groups_meant(ctx, words[1], options.where)
  if groups == false then
    return nil, message, code
  end
  f.bare = not ctx.json
  return (ctx.json and print_json or print_table)(ctx, record_rows.of(ctx, f, options.id), groups)
end

function command.run(ctx, words, options)
  if by_hand[words[1]] then
    return by_hand[words[1]](ctx, table.move(words, 2, #words, 1, {}))
  end
  local named, why, kind = id_first(ctx, words, options)
  if not named then
    return nil, why, kind
  end
  local at = verbs[words[1]] and 1 or verbs[words[2]] and 2
  if at and words[at] ~= "tag" and words[at + 1] then
    return too_many(words[at + 1])
  elseif at then
    return change(ctx, words[at], table.move(words, at + 1, #words, 1, {}), options, at == 2 and words[1])
  elseif words[2] == "list" then
    table.remove(words, 2)
  elseif words[1] == "list" then
    table.remove(words, 1)
  end
  if not words[1] then
    return nil, "records needs a kind: workout, sleep, meal, mindful, measurement, note, or all", "usage"
  end
  return list(ctx, words, options)
end

return command

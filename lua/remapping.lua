-- Mapping again, without the network, what services gave (lua/raw.lua): the present script reads the kept
-- answers, what it says replaces what was said before, and what it no longer gives of the same answer goes.
--   local r = remapping.open(ctx, connection, { resource = "activities", since = day })
--   remapping.survey(r, show)                       --> which answer has the last word on what
--   for _, item in ipairs(r.items) do remapping.apply(r, item, run, keep, dry) end
-- What was said before is found out by running the script of that time (kept by its hash) over the same
-- answer. Of several answers about one record, or one total of a day, the newest has the last word, as it had
-- in syncs; a total that fell by more than a fifth and came only once has not.
local answers = require("remap_answers")
local connections = require("connections")
local difference = require("remap_difference")
local home = require("home")
local intake = require("intake")
local providers = require("providers")
local raw = require("raw")
local scripts = require("scripts")
local watch = require("watch")

local json = sw.json
local remapping = {}

local LIVE_MS, FALL = 48 * 3600000, 0.8
local MAPPED = { page = true, detail = true, posted = true }

-- Is the item about the days from `since` on?
local function is_about(ctx, item, since)
  local day = item.op == "page" and item.last
    or home.day(ctx, item.op == "detail" and item.item and item.item.start or item.fetched)
  return not since or day >= since
end

local function wanted(r, item)
  local o = r.options
  return (not o.resource or item.resource == o.resource) and is_about(r.ctx, item, o.since)
end

local function read_items(r)
  local all, message, code = sw.store.raw_items(r.ctx.who, { connection = r.c.id })
  if not all then
    return nil, message, code
  end
  r.all, r.items = {}, {}
  for _, item in ipairs(all) do
    if MAPPED[item.op] then
      r.all[#r.all + 1] = item
      r.items[#r.items + 1] = wanted(r, item) and item or nil
    end
  end
  return r
end

function remapping.open(ctx, c, options)
  local provider, message, code = providers.get(ctx, c.provider)
  if not provider then
    return nil, message, code
  end
  local agreed, why = providers.agreed(c, provider, connections.title(c))
  if not agreed then
    return nil, why, "needs_user" -- what was given is not shown to another script than it was meant for
  end
  return read_items { ctx = ctx, c = c, provider = provider, mapping = raw.mapping(provider),
    options = options or {}, old = {}, owner = {}, total_of = {}, starts = {}, bad = {} }
end

-- The script of that time as a provider of its own; false when it is not kept or does not load any more.
local function script_of(r, mapping)
  if r.old[mapping] == nil then
    local doc = sw.store.doc(r.ctx.who, ".mapping", mapping)
    local was = doc and { id = r.provider.id, script = r.provider.script, source = doc.body.source,
      package = "was-provider/" .. mapping }
    local results = was and scripts.load(r.ctx.name, was.package,
      { { name = was.script, source = was.source } })
    local first = results and results[1]
    local declaration = first and first.ok and first.out.declaration
    r.old[mapping] = declaration and declaration.kind == "provider" and was or false
    if was then
      was.declaration = declaration
    end
  end
  return r.old[mapping]
end

-- What a script says of an item now: an intake, or nil and why.
local function said(r, provider, item, about)
  local taken = intake.new(r.ctx, r.c, provider)
  local ok, message, code = answers.run(r.ctx, r.c, provider, item, about, taken)
  if not ok then
    return nil, message, code
  end
  return taken
end

-- --- who has the last word ---

local function note_totals(r, item, taken)
  local today = home.day(r.ctx, sw.time.now())
  for _, d in ipairs(taken.days) do
    if d.metric.kind == "cumulative" and d.value ~= 0 then
      local key = difference.total_key(d)
      local had = r.total_of[key]
      local fell = had and d.day < today and d.value < FALL * had.value
      if fell and item.times < 2 and had.doubted ~= d.value then
        had.doubted = d.value
      else
        r.total_of[key] = { item = item.id, value = d.value }
      end
    end
  end
end

-- Run the present script over everything that is kept of the connection, in the order in which it came.
function remapping.survey(r, show)
  for i, item in ipairs(r.all) do
    local taken, message, code = said(r, r.provider, item)
    if not taken and code ~= "bad" then
      return nil, message, code
    elseif not taken then
      r.bad[item.id] = message
    else
      for _, d in ipairs(taken.records) do
        r.owner[difference.record_key(d)] = item.id
        r.starts[item.resource .. "\0" .. d.id] = d
      end
      note_totals(r, item, taken)
    end
    if show then
      show(i, #r.all + #r.items)
    end
  end
  return true
end

-- --- one item ---

-- The record that streams belong to may begin at another instant now.
local function about_of(r, item)
  local d = item.op == "detail" and r.starts[item.resource .. "\0" .. tostring((item.item or {}).id)]
  return d and { id = item.item.id, start = d.start, origin = d.origin } or item.item
end

-- Only what this answer has the last word on.
local function own_part(r, item, taken)
  local records, days = {}, {}
  for _, d in ipairs(taken.records) do
    records[#records + 1] = r.owner[difference.record_key(d)] == item.id and d or nil
  end
  for _, d in ipairs(taken.days) do
    local last = r.total_of[difference.total_key(d)]
    days[#days + 1] = (d.metric.kind ~= "cumulative" or last and last.item == item.id) and d or nil
  end
  taken.records, taken.days, taken.sure = records, days, true
end

local function add(by, name, what, n)
  if n and n > 0 then
    by[name] = by[name] or { new = 0, updated = 0, removed = 0, rejected = 0 }
    by[name][what] = by[name][what] + n
  end
end

-- What became of each of the intake's parts; `from` is the first of its results.
local function count(r, taken, done, from)
  local names = {}
  for _, list in ipairs { taken.records, taken.columns, taken.days } do
    for _, one in ipairs(list) do
      names[#names + 1] = one.kind or one.metric.name or one.metric
    end
  end
  for i, name in ipairs(names) do
    local result = done[from + i - 1]
    local what = type(result) == "table" and result.what or type(result) == "string" and result
    if what then
      add(r.by, name, what, (what == "new" or what == "updated") and 1 or 0)
    else
      add(r.by, name, "new", result.new)
      add(r.by, name, "updated", result.updated)
    end
  end
end

local function write(r, item, about, gone, taken, run, keep, dry)
  local t = home.txn(r.ctx)
  t:undo(run, json.encode { what = "remap", text = "remap " .. connections.title(r.c) })
  for _, g in ipairs(gone) do
    g.write(t)
  end
  taken:write(t)
  raw.keep_script(r.ctx, t, r.provider, r.mapping)
  t:raw_mapped(item.id, r.mapping, run, about and json.encode(about) or "")
  if keep then
    keep(t)
  end
  t:dispatch(sw.time.now() - LIVE_MS)
  watch.ask(t)
  local done, message, code = t:commit(dry)
  if not done then
    return nil, message, code
  end
  for i, g in ipairs(gone) do
    add(r.by, g.name, "removed", type(done[1 + i]) == "table" and 1 or done[1 + i])
  end
  count(r, taken, done, 2 + #gone)
  return true
end

-- true; nil, message, "bad" when this one cannot be mapped again (the others can).
function remapping.apply(r, item, run, keep, dry)
  r.by = r.by or {}
  if r.bad[item.id] then
    return nil, r.bad[item.id], "bad"
  end
  local about = about_of(r, item)
  local taken, message, code = said(r, r.provider, item, about)
  if not taken then
    return nil, message, code
  end
  local before
  if item.mapping ~= r.mapping and script_of(r, item.mapping) then
    before, message, code = said(r, script_of(r, item.mapping), item)
    if not before and code ~= "bad" then
      return nil, message, code
    end
  end
  if before and taken.rejected > before.rejected then
    return nil, "the script stumbles over what it read before: " .. (next(taken.reasons) or "?"), "bad"
  end
  r.unknown = (r.unknown or 0) + ((item.mapping ~= r.mapping and not before) and 1 or 0)
  local gone = before and difference.of(r, before, taken) or {}
  own_part(r, item, taken)
  return write(r, item, about, gone, taken, run, keep, dry)
end

return remapping

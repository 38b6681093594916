-- `syncwell rules backtest`: when rules would have fired, as a table, JSON or a calendar, and what their last
-- edit changed.   past.backtest(ctx, { "backtest", "hydrate" }, { since = "1y", diff = true }) --> exit code
local home = require("home")
local replay = require("replay")
local rules = require("rules")
local schema = require("schema")
local term = require("term")
local versions = require("versions")
local when = require("when")
local wording = require("wording")

local json = sw.json
local past = {}

local NOTHING = "(nothing to do)"

local function span(ctx, options)
  local since = options.since or "1y"
  local first = when.span(ctx, since)
  if not first then
    return nil, ("--since: '%s' is not a span like 1y or a day"):format(since), "usage"
  end
  local last = home.day(ctx, sw.time.now())
  if options["until"] then
    local from, to = when.span(ctx, options["until"])
    if not from then
      return nil, ("--until: '%s' is not a day"):format(options["until"]), "usage"
    end
    last = to or from
  end
  if first > last then
    return nil, ("--since (%s) lies behind --until (%s)"):format(sw.time.day_text(first),
      sw.time.day_text(last)), "usage"
  end
  return first, last
end

-- What an action says, on one line: a message with its words, an entry with its time, others by their name.
local function said_by(ctx, a)
  local args = a.args
  local at = args.at and sw.time.iso(args.at // 1000 * 1000, home.offset(ctx, args.at))
  local text = args.text and wording.fill(args.text, args.values or {}):gsub("%s*\n%s*", "; ")
  local title = args.title and wording.fill(args.title, args.values or {})
  local both = title and text and title ~= text and title .. ": " .. text or title or text
  return (both or a.action) .. (at and " at " .. at:sub(12, 16) or "")
end

local function action_text(ctx, f)
  local a = f.actions[1]
  if not a then
    return NOTHING
  end
  local more = #f.actions > 1 and (", and %d more"):format(#f.actions - 1) or ""
  return said_by(ctx, a) .. more
end

-- The rules of these names, read once; nil and why not.
local function named(ctx, words)
  local all, message, code = rules.load(ctx, true)
  if not all then
    return nil, message, code
  end
  local by_name, list = {}, {}
  for _, r in ipairs(all) do
    by_name[r.name] = r
  end
  for i = 2, #words do
    local r = by_name[words[i]]
    if not r then
      return nil, ("there is no rule '%s'%s; `syncwell rules list --all` names them"):format(words[i],
        schema.did_you_mean(words[i], schema.keys(by_name))), "usage"
    elseif r.error then
      return nil, r.error, "bad"
    end
    list[#list + 1] = r
  end
  return list
end

-- Firings and errors of one rule, and how many events were judged.
local function judged(ctx, rule, first, last)
  local events, message, code = replay.history(ctx, rule, first, last)
  if not events then
    return nil, message, code
  end
  local bar = term.progress("playing " .. rule.name, term.number)
  local list, errors, kind = replay.run(ctx, rule, events, not ctx.quiet and bar.show or nil)
  bar.clear()
  return list, errors, list and #events or kind
end

local function words_of(ctx, f)
  local list = {}
  for i, a in ipairs(f.actions) do
    list[i] = a.action .. " " .. json.encode(a.args)
  end
  return table.concat(list, "\n") .. action_text(ctx, f)
end

-- Marks each firing that the version before lacks or words otherwise, and adds those that are lost.
local function compare(ctx, new, old)
  local by_key, total = {}, { added = 0, removed = 0, changed = 0 }
  for _, f in ipairs(old) do
    by_key[f.key] = f
  end
  for _, f in ipairs(new) do
    local was = by_key[f.key]
    by_key[f.key] = nil
    f.change = not was and "added" or words_of(ctx, was) ~= words_of(ctx, f) and "changed" or nil
    total[f.change or "same"] = (total[f.change or "same"] or 0) + 1
  end
  for _, f in ipairs(old) do
    if by_key[f.key] then
      f.change, f.outcome = "removed", "would no longer fire"
      total.removed = total.removed + 1
      new[#new + 1] = f
    end
  end
  return total
end

local function against_before(ctx, rule, found, o)
  local before, at = versions.before(ctx, rule)
  if not before then
    return { rule = rule.name, none = at }
  end
  local old, message, code = judged(ctx, before, o.first, o.last)
  if not old then
    return nil, message, code
  end
  local total = compare(ctx, found, old)
  total.rule, total.since = rule.name, sw.time.iso(at // 1000 * 1000, home.offset(ctx, at))
  return total
end

-- All that was asked for: { firings, errors, judged, changes }.
local function gather(ctx, list, o)
  local out = { firings = {}, errors = {}, judged = 0, changes = json.list() }
  for _, rule in ipairs(list) do
    local firings, errors, n = judged(ctx, rule, o.first, o.last)
    if not firings then
      return nil, errors, n
    end
    out.judged = out.judged + n
    if o.diff then
      local change, message, code = against_before(ctx, rule, firings, o)
      if not change then
        return nil, message, code
      end
      out.changes[#out.changes + 1] = change
    end
    table.move(firings, 1, #firings, #out.firings + 1, out.firings)
    table.move(errors, 1, #errors, #out.errors + 1, out.errors)
  end
  table.sort(out.firings, function(a, b)
    return a.at_ms < b.at_ms or a.at_ms == b.at_ms and a.rule .. a.key < b.rule .. b.key
  end)
  return out
end

local signs = { added = "+", removed = "-", changed = "~" }

local function show_table(ctx, out, o)
  local rows, n, idle = {}, 0, 0
  for i, f in ipairs(out.firings) do
    n = n + (f.change ~= "removed" and 1 or 0)
    idle = idle + (f.change ~= "removed" and not f.actions[1] and 1 or 0)
    rows[i] = { f.at:sub(1, 16):gsub("T", " "), f.rule, f.event.type or f.event.kind, action_text(ctx, f) }
    if o.diff then
      table.insert(rows[i], 1, signs[f.change] or "")
    end
  end
  term.line("%d event%s from %s to %s, would have fired %d time%s%s", out.judged, out.judged == 1 and ""
    or "s", sw.time.day_text(o.first), sw.time.day_text(o.last), n, n == 1 and "" or "s",
    idle > 0 and (", %d of them without doing anything"):format(idle) or "")
  for _, c in ipairs(out.changes) do
    local words = "%d more, %d fewer, %d with other words than before its edit of %s"
    local since = c.since and c.since:sub(1, 16):gsub("T", " ")
    term.line("%s: %s", c.rule, c.none or words:format(c.added, c.removed, c.changed, since))
  end
  if #rows > 0 then
    local head = { "when", "rule", "event", "what" }
    term.table(o.diff and { "", table.unpack(head) } or head, rows)
  end
end

-- A calendar file: an entry a firing, at the time at which it would have been.
local function show_calendar(ctx, out)
  local list = {}
  for _, f in ipairs(out.firings) do
    local title = f.rule .. (f.actions[1] and ": " .. action_text(ctx, f) or "")
    list[#list + 1] = f.change ~= "removed" and { uid = sw.sys.hash(f.rule .. "|" .. f.key):sub(1, 32)
      .. "@backtest", title = sw.sys.clean(title), text = "", start = f.at_ms, dur_s = 0, stamp = f.at_ms,
      sequence = 0 } or nil
  end
  local text, message = sw.ical.write("SyncWell backtest", list)
  if not text then
    return nil, message, "bad"
  end
  sw.sys.out(text)
  return true
end

local function public(out)
  for _, f in ipairs(out.firings) do
    f.at_ms = nil
  end
  return json.list(out.firings)
end

local function show(ctx, out, o)
  if o.calendar then
    return show_calendar(ctx, out)
  elseif ctx.json then
    term.line("%s", json.encode(o.diff and { firings = public(out), changes = out.changes } or public(out)))
  else
    show_table(ctx, out, o)
  end
  return true
end

function past.backtest(ctx, words, options)
  if not words[2] then
    return nil, "backtest needs the name of a rule", "usage"
  end
  local first, last, kind = span(ctx, options)
  if not first then
    return nil, last, kind
  end
  local list, message, code = named(ctx, words)
  local o = { first = first, last = last, diff = options.diff, calendar = options.calendar }
  local out
  if list then
    out, message, code = gather(ctx, list, o)
  end
  if out then
    list, message, code = show(ctx, out, o)
  end
  if not out or not list then
    return nil, message, code
  elseif out.errors[1] then
    term.error(("%d run%s failed; the first: %s"):format(#out.errors, #out.errors == 1 and "" or "s",
      out.errors[1]))
    return 4
  end
  return 0
end

return past

-- syncwell demo: the whole path on made-up files in real formats, in a temporary home.
--   syncwell demo
local commands = require("commands")
local data = require("data")
local home = require("home")
local queue = require("queue")
local replay = require("replay")
local rules = require("rules")
local stepping = require("stepping")
local story = require("demo.story")
local tally = require("tally")
local term = require("term")
local when = require("when")

local json = sw.json

local command = {
  group = "start", summary = "see it work: two made-up years, imported, merged, acted on",
    usage = "[--keep DIR]", needs_home = false,
  example = "syncwell demo",
    doc = "Writes Apple Health, FIT, TCX and GPX files, damaged ones too, into a temporary folder and "
      .. "imports them.",
  options = { keep = { value = "DIR", doc = "use this empty folder instead of a temporary one" } },
}

local ZONE = "Europe/Berlin"
local shipped = { "hydrate", "short_sleep", "weekly_summary" }

local function title(text)
  term.line("\n%s", term.paint("bold", text))
end

local function pause()
  sw.sys.sleep(0)
end

local function import(ctx, paths, live_after)
  local out, message = queue.run_now(ctx, { kind = "import", name = sw.sys.hash(json.encode(paths)),
    payload = json.encode { paths = paths, live_after = live_after } })
  if not out then
    error(message, 0)
  end
  return out
end

local function timed(what, f, ...)
  local began = sw.time.mono()
  local result = f(...)
  return result, (sw.time.mono() - began) / 1000, what
end

-- --- the parts of the report ---

local function report_import(out, seconds, bytes)
  title("1  Import")
  local by_format, order = {}, {}
  for _, r in ipairs(out.results) do
    local key = r.status == "refused" and "refused" or tostring(r.format)
    if not by_format[key] then
      by_format[key] = { key, 0, 0, 0, 0 }
      order[#order + 1] = by_format[key]
    end
    local row = by_format[key]
    row[2], row[3], row[4], row[5] = row[2] + 1, row[3] + r.new, row[4] + r.unchanged, row[5] + r.rejected
  end
  for _, row in ipairs(order) do
    for i = 3, 5 do
      row[i] = term.number(row[i])
    end
  end
  term.table({ "format", "files", "new", "known already", "rejected" }, order)
  term.line("%s in %.1f s (%s/s)", term.bytes(bytes), seconds, term.bytes(bytes / seconds))
end

local function report_damage(out)
  title("2  Damaged files: what stands before the damage is kept, each says what is wrong")
  local rows = {}
  for _, r in ipairs(out.results) do
    local text = r.status == "refused" and r.reasons[1] or r.notes[1]
    if text and r.file:find("/damaged/") then
      rows[#rows + 1] = { r.file:match("([^/]+)$"), r.status, #text > 84 and text:sub(1, 81) .. "..."
        or text }
    end
  end
  term.table({ "file", "", "what was said" }, { table.unpack(rows, 1, 8) })
  if #rows > 8 then
    term.line("... and %d more", #rows - 8)
  end
end

-- Days on which what we computed is what the made-up person did.
local function check_truth(ctx, s)
  local first, last = s.past.first, s.past.first + s.past.n_days - 1
  local got, sleep, right, days, nights, right_nights = {}, {}, 0, 0, 0, 0
  for _, r in ipairs(data.daily(ctx, "steps", first, last)) do
    got[r.day] = r.value
  end
  for _, r in ipairs(data.daily(ctx, "sleep_duration", first, last)) do
    sleep[r.day] = r.value
  end
  for day = first, last do
    local t = s.plan.truth[sw.time.day_text(day)]
    if t and t.steps > 0 then
      days = days + 1
      right = right + (math.abs((got[day] or -1) - t.steps) < 0.01 and 1 or 0)
    end
    if t and t.sleep and t.sleep.asleep_min then
      nights = nights + 1
      right_nights = right_nights + (math.abs((sleep[day] or -1) - t.sleep.asleep_min) < 0.02 and 1 or 0)
    end
  end
  return { right = right, days = days, right_nights = right_nights, nights = nights }
end

local function report_truth(ctx, s)
  title("3  One truth: phone and watch counted the same steps")
  local day = s.past.first + s.past.n_days - 3
  local stated, rows = 0, {}
  for _, o in ipairs(sw.store.origins(ctx.who)) do
    local r = sw.store.daily(ctx.who, "steps", day, day, o.id)[1]
    if r then
      stated = stated + r.sum
      rows[#rows + 1] = { o.name, o.class, term.number(r.sum) }
    end
  end
  local merged = data.daily(ctx, "steps", day, day)[1]
  rows[#rows + 1] = { "added up (wrong)", "", term.number(stated) }
  rows[#rows + 1] = { "one truth", "", term.number(merged and merged.value or 0) }
  term.table({ "steps on " .. sw.time.day_text(day), "", "" }, rows)
  local c = check_truth(ctx, s)
  term.line("checked against the person behind the data: steps right on %d of %d days, sleep on %d of "
    .. "%d nights", c.right, c.days, c.right_nights,
    c.nights)
  local members, groups = #sw.store.records(ctx.who, { kind = "workout" }), #data.groups(ctx, "workout", {})
  term.line("%d workout files and entries are %d real workouts", members, groups)
  return c
end

local function weekly(ctx, metric, first, last)
  local sums, counts = {}, {}
  for _, r in ipairs(data.daily(ctx, metric, first, last)) do
    local week = (r.day - first) // 14 + 1
    sums[week], counts[week] = (sums[week] or 0) + r.value, (counts[week] or 0) + 1
  end
  local list = {}
  for week, sum in pairs(sums) do
    list[week] = sum / counts[week]
  end
  return list, (last - first) // 14 + 1
end

local function report_charts(ctx, s)
  title("4  Two years, a mark every two weeks")
  local first, last = s.past.first, s.past.first + s.past.n_days - 1
  local rows = {}
  for _, name in ipairs { "steps", "sleep_duration", "resting_heart_rate", "hrv_sdnn", "weight" } do
    local m = data.metrics()[name]
    local list, n = weekly(ctx, name, first, last)
    local low, high
    for _, v in pairs(list) do
      low, high = math.min(low or v, v), math.max(high or v, v)
    end
    rows[#rows + 1] = { m.title, term.spark(list, n), data.text(m, low), data.text(m, high) }
  end
  term.table({ "", sw.time.day_text(first) .. " to " .. sw.time.day_text(last), "least", "most" }, rows)
end

local function report_backtest(ctx, s)
  title("5  Rules, tried on the past before they are turned on")
  for _, name in ipairs(shipped) do
    local rule = assert(rules.find(ctx, name))
    local events = replay.history(ctx, rule, s.past.first, s.past.first + s.past.n_days - 1)
    local firings = assert(replay.run(ctx, rule, events))
    term.line("%-15s would have fired %3d times in two years: %s", name, #firings, rule.declaration.doc
      or rule.declaration.title)
  end
end

local function turn_on(ctx)
  for _, name in ipairs(shipped) do
    local t = home.txn(ctx)
    t:doc("rule", name, json.encode { installed = true, enabled = true })
    assert(t:commit())
  end
  assert(rules.plan(ctx, assert(rules.load(ctx)), sw.time.now()))
end

local function run_until(ctx, ms)
  assert(stepping.to(ctx, ms, sw.time.now()))
end

-- The last week as it happens: each file arrives at its time, rules act in confined workers.
local function live_week(ctx, s)
  sw.time.set(s.plan.days[s.last - 6].night and s.plan.days[s.last - 6].night.start * 1000
    or s.week[1].at - 3600000)
  turn_on(ctx)
  for _, e in ipairs(s.week) do
    run_until(ctx, e.at)
    import(ctx, { e.path }, e.at - 48 * 3600000)
    run_until(ctx, e.at)
  end
  run_until(ctx, math.max(s.week[#s.week].at, sw.time.wall()))
  tally.flush(ctx)
end

local function report_week(ctx, seconds)
  title("6  The last week, file by file as it would arrive")
  local rows = {}
  for _, d in ipairs(sw.store.docs(ctx.who, "firing", {})) do
    local a = d.body.actions and d.body.actions[1] or {}
    local args = a.args or {}
    local text = args.text or (args.title and ("%s at %s"):format(args.title,
      when.clock(args.at, home.offset(ctx, args.at)))) or ""
    rows[#rows + 1] = { d.body.at:sub(1, 16):gsub("T", " "), d.body.rule, #text > 90 and text:sub(1, 87)
      .. "..." or text, a.state or "" }
  end
  term.table({ "when", "rule", "what it did", "" }, rows)
  term.line("confinement of scripts: %s; %.1f s", sw.box.confinement(), seconds)
end

local function report_next(ctx, total)
  title("7  Yours to try")
  local program = commands.program()
  local prefix = ("%s --home %s "):format(program, ctx.home)
  for _, line in ipairs { { "show", "the last days" }, { "show sleep last 30d", "a chart" },
    { "explain steps yesterday", "why a number is what it is" },
    { "rules why hydrate", "every gate with its value" }, { "rules backtest hydrate --since 1y",
      "when it would have fired" },
    { "query heart_rate --every hour --from yesterday --json", "for machines" } } do
    term.line("%s%-55s %s", prefix, line[1], term.paint("grey", line[2]))
  end
  term.line("\ncalendar %s/calendar.ics, notes %s/notifications.log", ctx.home, ctx.home)
  term.line("your own data: %s import ~/Downloads/export.zip && %s show", program, program)
  term.line("\nall of this took %.1f s", total)
end

function command.run(_, _, options)
  local began = sw.time.mono()
  local dir = options.keep or assert(sw.fs.temp_dir())
  local ctx, message, code = home.open({ home = dir .. "/home", zone = ZONE, quiet = true }, true)
  if not ctx then
    return nil, message, code
  end
  assert(home.set(ctx, "home", { test = true }))
  ctx.config = {}
  term.line("Two years of a made-up person, written as phones, watches and services write them, in %s", dir)
  local today = home.day(ctx, sw.time.now())
  local s, writing = timed("write", story.make, dir .. "/files", today, ZONE, pause)
  local paths = { dir .. "/files/export.xml", dir .. "/files/activities", dir .. "/files/damaged" }
  local bytes = 0
  for _, f in ipairs(require("import_files").walk(paths)) do
    bytes = bytes + f.size
  end
  local history_ends = (s.past.days[#s.past.days].bed + 3600) * 1000
  sw.time.set(history_ends)
  local out, seconds = timed("import", import, ctx, paths, history_ends)
  report_import(out, seconds, bytes)
  report_damage(out)
  local truth = report_truth(ctx, s)
  report_charts(ctx, s)
  report_backtest(ctx, s)
  local _, week_s = timed("week", live_week, ctx, s)
  report_week(ctx, week_s)
  sw.time.set(nil)
  report_next(ctx, (sw.time.mono() - began) / 1000)
  term.line("(writing the files took %.1f s of it)", writing)
  return truth.right == truth.days and truth.right_nights == truth.nights and 0 or 1
end

return command

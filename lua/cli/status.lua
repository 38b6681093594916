-- syncwell status: what is kept, what runs, what is broken.
--   syncwell status   |   syncwell status --line   |   syncwell status --check
local caretaker = require("caretaker")
local confinement = require("confinement")
local connections = require("connections")
local erasing = require("erasing")
local holding = require("holding")
local home = require("home")
local outlets = require("outlets")
local rules = require("rules")
local term = require("term")

local json = sw.json
local GIVEN_UP_MOST = 20

local command = {
  group = "run", summary = "what is kept, what runs, what is broken", usage = "[--line | --check]",
    example = "syncwell status",
  options = { line = { doc = "one line, for a prompt or a bar" },
    check = { doc = "nothing but the exit code: 0 well, 4 something is broken" } },
}

-- What is connected, in one line each; needing the user or failing for a while counts as broken.
local function connected(ctx)
  local list, broken = json.list(), 0
  for i, c in ipairs(connections.list(ctx) or {}) do
    local bad = c.state == "needs_user" or c.state == "error" or (c.body.failures or 0) >= 3
    broken = broken + (bad and 1 or 0)
    list[i] = { name = connections.title(c), state = c.state, sentence = c.body.sentence or c.body.last_error,
      last_sync = c.body.last_sync and sw.time.iso(c.body.last_sync // 1000 * 1000, home.offset(ctx,
        c.body.last_sync)), broken = bad or nil }
  end
  return list, broken
end

local function iso(ctx, ms)
  return ms and sw.time.iso(ms // 1000 * 1000, sw.time.offset(ctx.zone, ms))
end

-- Each error once, with how often it came and when the rule last went well.
local function script_errors(ctx)
  local list = {}
  for _, d in ipairs(sw.store.docs(ctx.who, ".rule_error", { newest = true, limit = 20 }) or {}) do
    for _, e in ipairs(d.body.errors or {}) do
      list[#list + 1] = { rule = d.name, at = iso(ctx, e.last), first = iso(ctx, e.first), count = e.count,
        last_good = iso(ctx, d.body.last_good), text = e.text }
    end
  end
  return list
end

-- Channels that lost messages or have taken none for a while.
local function failing_channels(ctx)
  local list = outlets.ill(ctx)
  for _, c in ipairs(list) do
    c.since = iso(ctx, c.since)
  end
  return list
end

-- What was given up, the newest first.
local function given_up(ctx)
  local list = json.list()
  for _, job in ipairs(sw.store.jobs(ctx.who) or {}) do
    if job.state == "given_up" and #list < GIVEN_UP_MOST then
      table.insert(list, 1, { id = job.id, kind = job.kind, name = job.name, at = iso(ctx, job.due),
        why = job.failure })
    end
  end
  return list
end

local function gather(ctx, brief)
  local counts, message, code = sw.store.counts(ctx.who)
  if not counts then
    return nil, message, code
  end
  local all
  all, message, code = rules.load(ctx)
  if not all then
    return nil, message, code
  end
  local live, broken = 0, {}
  for _, r in ipairs(all) do
    live = live + (r.live and 1 or 0)
    if r.error and r.enabled then
      broken[#broken + 1] = r.error
    end
  end
  local errors, resting = script_errors(ctx), json.list()
  for _, r in ipairs(all) do
    resting[#resting + 1] = r.paused and r.enabled and { rule = r.name, why = r.paused.why,
      at = iso(ctx, r.paused.at) } or nil
  end
  local list, ill = connected(ctx)
  return { connections = list, connections_broken = ill, paused = home.setting(ctx, "paused").at ~= nil,
    home = ctx.home, user = ctx.name, zone = ctx.zone, records = counts.records,
    samples = counts.samples, origins = counts.origins, raw = sw.store.raw_totals(ctx.who, 0),
    rules_held = holding.is(ctx), jobs_waiting = counts.jobs, jobs_given_up = counts.given_up,
    jobs_failed = counts.given_up > 0 and given_up(ctx) or json.list(),
    channels_failing = failing_channels(ctx), disk_short_mb = caretaker.short_of_room(ctx),
    rules_on = live,
    erasures_open = #erasing.pending(ctx),
      broken_rules = json.list(broken), rule_errors = json.list(errors), paused_rules = resting,
    confinement = not brief and confinement.text(ctx) or nil }
end

local function print_line(s, bad)
  term.line("%s%s records, %s samples, %d connections, %d rules on, %d jobs waiting%s",
    s.paused and "PAUSED, " or "", term.number(s.records), term.number(s.samples), #s.connections,
    s.rules_on, s.jobs_waiting, bad > 0 and (", %d broken"):format(bad) or "")
end

local function print_kept(s)
  local hint = s.jobs_waiting > 0 and " (`syncwell run` does them)" or ""
  term.line("home         %s\nuser         %s, zone %s", s.home, s.user, s.zone)
  term.line("data         %s samples and %s records of %d origins", term.number(s.samples),
    term.number(s.records), s.origins)
  if s.raw.items > 0 then
    term.line("as it came   %s answers of services, %s (%s before packing); `syncwell remap` maps them again",
      term.number(s.raw.items), term.bytes(s.raw.stored), term.bytes(s.raw.bytes))
  end
  term.line("jobs         %d waiting, %d given up%s", s.jobs_waiting, s.jobs_given_up, hint)
  for _, j in ipairs(s.jobs_failed) do
    term.line("given up     %d %s %s, %s: %s", j.id, j.kind, sw.sys.clean(j.name), j.at, sw.sys.clean(j.why))
  end
  if #s.jobs_failed > 0 then
    term.line("             try again with: syncwell jobs retry; forget with: syncwell jobs forget")
  end
  for _, c in ipairs(s.channels_failing) do
    term.line(c.calendar and "entries      %s does not take them since %s%s: %s; see: syncwell jobs"
      or "messages     %s does not take them since %s%s: %s; see: syncwell notifications", c.channel,
      c.since, c.lost > 0 and (" (%d lost)"):format(c.lost) or "", sw.sys.clean(c.why))
  end
  if s.disk_short_mb then
    term.line("disk         %d MB left where the home lies: make room, or nothing new can be kept",
      s.disk_short_mb)
  end
  if s.paused then
    term.line("paused       nothing is asked, fired or sent until `syncwell resume`")
  end
  if s.erasures_open > 0 then
    term.line("erasure      was stopped before its end; go on with: syncwell users compact")
  end
  for _, c in ipairs(s.connections) do
    term.line("connection   %s: %s%s%s", c.name, c.state, c.last_sync and ", last sync " .. c.last_sync or "",
      c.sentence and "\n             " .. sw.sys.clean(c.sentence) or "")
  end
end

local function print_rules(s)
  term.line("rules        %d on, %d broken%s", s.rules_on, #s.broken_rules,
    s.rules_held and "; all of them rest until `syncwell rules resume`" or "")
  for _, r in ipairs(s.paused_rules) do
    term.line("paused       %s since %s; go on with: syncwell rules resume %s", r.rule, r.at, r.rule)
  end
  term.line("confinement  %s", s.confinement)
  for _, text in ipairs(s.broken_rules) do
    term.line("\n%s", sw.sys.clean(text, true))
  end
  for _, e in ipairs(s.rule_errors) do
    term.line("\n%s failed %d time%s, last %s, last good run %s:\n%s", e.rule, e.count,
      e.count == 1 and "" or "s", e.at, e.last_good or "unknown", sw.sys.clean(e.text, true))
  end
end

function command.run(ctx, _, options)
  local s, message, code = gather(ctx, options.line or options.check)
  if not s then
    return nil, message, code
  end
  local bad = #s.broken_rules + #s.paused_rules + s.jobs_given_up + s.connections_broken + #s.channels_failing
    + s.erasures_open + (s.disk_short_mb and 1 or 0)
  if options.check then
    return bad > 0 and 4 or 0
  elseif ctx.json then
    term.line("%s", json.encode(s))
  elseif options.line then
    print_line(s, bad)
  else
    print_kept(s)
    print_rules(s)
  end
  return bad > 0 and 4 or 0
end

return command

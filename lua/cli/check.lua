-- syncwell check: is what is kept still what was stored?
--   syncwell check   |   syncwell check --repair
local backups = require("backups")
local home = require("home")
local term = require("term")

local json = sw.json

local command = {
  group = "care", summary = "verify everything that is kept", usage = "[--repair]", mutates = true,
  example = "syncwell check\nsyncwell check --repair",
  doc = "Looks at every chunk of samples, every record, the figures of days, the groups, the ledger and the\n"
    .. "database file. Exit code 4 when something is wrong. --repair computes again what can be computed,\n"
    .. "and deletes nothing.",
  options = { repair = { doc = "compute figures of days again where they are wrong" } },
}

local PART = 500 -- days a transaction

local function look(ctx)
  local bar = term.progress("checking", term.number)
  local r, message, code = backups.watch("checking", sw.care.check(ctx.home .. "/syncwell.db"),
    function(_, done, total)
      if not ctx.quiet and not ctx.json then
        bar.show(done, total)
      end
    end)
  bar.clear()
  return r, message, code
end

-- Of one person: roll-ups first, since merged days are made of them.
local function repair_person(ctx, list)
  for from = 1, #list, PART do
    local t = home.txn(ctx)
    for i = from, math.min(from + PART - 1, #list) do
      t:again(list[i].metric, list[i].mend == "rollup" and list[i].origin or 0, list[i].day)
    end
    local ok, message, code = t:commit()
    if not ok then
      return nil, message, code
    end
  end
  return home.settle(ctx)
end

-- What a night gives is computed by its own mark, that of the first of its metrics.
local function mark_of(f)
  if f.mend == "merged" and f.metric:find("^sleep_") then
    return { metric = "sleep_duration", mend = "merged", day = f.day, person = f.person }
  end
  return f
end

local function repair(ctx, findings)
  local by_person, n = {}, 0
  for _, f in ipairs(findings) do
    if f.mend then
      n = n + 1
      by_person[f.person] = by_person[f.person] or {}
      table.insert(by_person[f.person], mark_of(f))
    end
  end
  for _, p in ipairs(sw.store.people() or {}) do
    if by_person[p.id] then
      local ok, message, code = repair_person(setmetatable({ who = p.id, name = p.name, zone = p.zone },
        { __index = ctx }), by_person[p.id])
      if not ok then
        return nil, message, code
      end
    end
  end
  return n
end

local function public(r, mended)
  local list = json.list()
  for i, f in ipairs(r.findings) do
    list[i] = { what = f.what, text = f.text, mendable = f.mend ~= nil }
  end
  return { ok = r.found == 0, found = r.found, mended = mended, chunks = r.chunks, samples = r.samples,
    records = r.records, days = r.days, findings = list }
end

local function print_all(r, mended)
  for _, f in ipairs(r.findings) do
    term.line("%s: %s", f.what, sw.sys.clean(f.text))
  end
  if r.found > #r.findings then
    term.line("... and %d more", r.found - #r.findings)
  end
  if mended then
    term.line("%d day%s computed again", mended, mended == 1 and "" or "s")
  end
  term.line("%s chunks, %s samples, %s records, %s days: %s", term.number(r.chunks), term.number(r.samples),
    term.number(r.records), term.number(r.days), r.found == 0 and "all as it should be"
    or ("%d thing%s wrong"):format(r.found, r.found == 1 and " is" or "s are"))
end

-- Roll-ups that are mended show merged days that were made of wrong ones, so it is looked at until nothing
-- more can be mended.
local function mend(ctx, r)
  local mended = 0
  for _ = 1, 3 do
    local n, message, code = repair(ctx, r.findings)
    if not n then
      return nil, message, code
    end
    mended = mended + n
    if n == 0 then
      break
    end
    r, message, code = look(ctx)
    if not r then
      return nil, message, code
    end
  end
  return r, mended
end

function command.run(ctx, _, options)
  local r, message, code = look(ctx)
  if not r then
    return nil, message, code
  end
  local mended
  if options.repair then
    r, mended, code = mend(ctx, r)
    if not r then
      return nil, mended, code
    end
  end
  if ctx.json then
    term.line("%s", json.encode(public(r, mended)))
  else
    print_all(r, mended)
  end
  return r.found == 0 and 0 or 4
end

return command

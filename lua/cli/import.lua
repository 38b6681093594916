-- syncwell import: files, folders and archives; the same file twice adds nothing.
--   syncwell import ~/Downloads/export.zip ~/activities/
local csv_guide = require("csv_guide")
local csv_mapping = require("csv_mapping")
local queue = require("queue")
local term = require("term")

local json = sw.json

local command = {
  creates = true,
  group = "data", summary = "read files, folders or archives into the store",
    usage = "PATH... [--as FORMAT] [--map FILE] [--weight-unit UNIT] [--connection NAME] [--dry-run]",
  example = "syncwell import ~/Downloads/export.zip\nsyncwell import ~/activities --dry-run", mutates = true,
  doc = "Recognised by content: FIT, TCX, GPX (also gzip'd), Apple Health's export.xml, the database of\n"
    .. "Health Connect, Google Takeout (Fitbit, Google Health, Google Fit), the exports of Garmin, Strava,\n"
    .. "Withings, Oura, Zepp, Samsung Health, Cronometer, MyFitnessPal, what `export json` wrote, and\n"
    .. "archives of these (zip, tar, tgz) as they were downloaded. Any other table (CSV) is imported by a\n"
    .. "mapping: the first import writes a draft of it, on a terminal by questions.\n"
    .. "Importing the same file again adds nothing. A damaged file keeps what precedes the damage.",
  options = {
    as = { value = "FORMAT",
      doc = "fit, tcx, gpx, apple, csv, json or syncwell, when the content does not tell" },
    map = { value = "FILE", doc = "what the columns of a table mean (with --as csv)" },
    ["weight-unit"] = { value = "UNIT", doc = "kg, lb or st, for files that state weights without one" },
    ["dry-run"] = { doc = "read everything and say what would come of it, store nothing" },
    connection = { value = "NAME", doc = "keep these files apart under this name (default: files)" },
  },
}

command.words = { FORMAT = { "fit", "tcx", "gpx", "apple", "csv", "json", "syncwell" },
  UNIT = { "kg", "lb", "st" } }

local LIVE_MS = 48 * 3600 * 1000

local function absolute(words)
  local paths = {}
  for i, word in ipairs(words) do
    local real, message, code = sw.fs.real(word)
    if not real then
      return nil, (message:gsub("^cannot open", "there is nothing to import at")), code
    end
    paths[i] = real
  end
  return paths
end

local LISTED = 20 -- files of a run without anything to say that are still named one by one

local clean = sw.sys.clean -- names and texts of files are strangers' words

-- Files are shown as they lie below what was named.
local function below(words)
  local real = #words == 1 and sw.fs.real(words[1])
  local folder = real and real:match("^(.*/)[^/]+$") or ""
  return function(path)
    return clean(path:sub(1, #folder) == folder and path:sub(#folder + 1) or path)
  end
end

local function show(r, named)
  local mark = ({ ok = term.paint("green", "ok"), partial = term.paint("yellow", "partly"),
    refused = term.paint("red", "refused") })[r.status]
  if r.status == "refused" then
    term.line("%s  %s: %s", mark, named(r.file), clean(r.reasons[1] or ""))
    return
  end
  term.line("%s  %s (%s): %s new, %s updated, %s unchanged, %s rejected", mark, named(r.file), r.format,
    term.number(r.new), term.number(r.updated),
    term.number(r.unchanged), term.number(r.rejected))
  for _, note in ipairs(r.notes or {}) do
    term.line("    note: %s", clean(note))
  end
  for i, reason in ipairs(r.reasons) do
    if i <= 8 then
      term.line("    rejected: %s", clean(reason))
    end
  end
end

-- Many files that came in without a word are a line a format, so that what needs a look is not lost.
local function gathered(list)
  local order, by_format = {}, {}
  for _, r in ipairs(list) do
    local sum = by_format[r.format]
    if not sum then
      sum = { n = 0, new = 0, updated = 0, unchanged = 0 }
      by_format[r.format], order[#order + 1] = sum, r.format
    end
    sum.n = sum.n + 1
    for _, what in ipairs { "new", "updated", "unchanged" } do
      sum[what] = sum[what] + r[what]
    end
  end
  for _, format in ipairs(order) do
    local sum = by_format[format]
    term.line("%s  %s files (%s): %s new, %s updated, %s unchanged", term.paint("green", "ok"),
      term.number(sum.n), format, term.number(sum.new), term.number(sum.updated), term.number(sum.unchanged))
  end
end

local function has_words(r)
  return r.status ~= "ok" or r.rejected > 0 or #(r.notes or {}) > 0 or #r.reasons > 0
end

-- Results that are shown by themselves, and those that are gathered.
local function sorted_out(results, quiet)
  local plain, others = {}, {}
  for _, r in ipairs(results) do
    local list = has_words(r) and others or plain
    list[#list + 1] = (r.status ~= "ok" or not quiet) and r or nil
  end
  if #plain > LISTED then
    return others, plain
  end
  return quiet and others or results, {}
end

local function print_json(out)
  for _, r in ipairs(out.results) do
    r.notes = json.list(r.notes or {})
    r.reasons = json.list(r.reasons or {})
    r.format = r.format or json.null
    term.line("%s", json.encode(r))
  end
  term.line("%s", json.encode { total = out.total, left = out.left })
end

local function exit_code(total)
  if total.files == 0 or total.refused == total.files then
    return 1
  end
  return (total.refused > 0 or total.partial > 0) and 4 or 0
end

local SHAPELESS, WEIGHTS = { csv = true, json = true }, { kg = true, lb = true, st = true }

-- The mapping that the options name; nil and a sentence when they cannot be meant.
local function said(options)
  local as, unit = options.as, options["weight-unit"]
  if as and not SHAPELESS[as] and not sw.fs.stat(sw.sys.share() .. "/lua/import/" .. as:gsub("%W",
    "") .. ".lua") then
    return nil, ("there is no format '%s' (fit, tcx, gpx, apple, csv, json, syncwell)"):format(as), "usage"
  elseif unit and not WEIGHTS[unit] then
    return nil, ("--weight-unit is kg, lb or st, not '%s'"):format(unit), "usage"
  end
  if options.map then
    local mapping, message, code = csv_mapping.load(options.map)
    return mapping, not mapping and message or nil, code
  end
end

-- A table that nobody knows: its columns, and a draft to fill in beside it.
local function offer_draft(path, head)
  local draft = path .. ".map.lua"
  csv_guide.show(head)
  if sw.fs.stat(draft) then
    term.line("what the columns mean is asked in %s; then: syncwell import %s --as csv --map %s",
      clean(draft),
      clean(path), clean(draft))
    return
  end
  local ok, message = sw.fs.write(draft, csv_guide.draft(head, path:match("([^/]+)$")))
  if ok then
    term.line("say what the columns mean in %s (a draft stands there); then:", clean(draft))
    term.line("  syncwell import %s --as csv --map %s", clean(path), clean(draft))
  else
    term.error(("a draft of the mapping could not be written: %s"):format(message))
  end
end

-- Ask what the columns mean, keep the answers beside the file. nil when there is nothing to ask.
local function ask_mapping(path)
  local head, message = csv_guide.look(path)
  if not head then
    return nil, message, "bad"
  elseif not (sw.sys.tty(0) and sw.sys.tty(1)) then
    offer_draft(path, head)
    return nil
  end
  csv_guide.show(head)
  local mapping, why, code = csv_guide.interview(head, csv_mapping.column_problem)
  if not mapping then
    return nil, why, code
  end
  local kept = path .. ".map.lua"
  if not sw.fs.stat(kept) and sw.fs.write(kept, csv_guide.text(mapping, path:match("([^/]+)$"))) then
    term.line("kept in %s for the next time", clean(kept))
  end
  return mapping
end

-- The one table a person named and nobody knows; its mapping, asked for.
local function unknown_table(out, words, options, ctx)
  local r = out.results[1]
  if #words ~= 1 or #out.results ~= 1 or options.map or ctx.json or ctx.quiet then
    return nil
  end
  return r.unknown and r.format == "csv" and r.file or nil
end

-- One import job from its start to its end: what it answered.
local function import_now(ctx, paths, options, mapping)
  local bar = term.progress("importing", term.bytes)
  require("jobs.import").on_progress = function(done, whole)
    if not ctx.quiet and not ctx.json then
      bar.show(done, whole)
    end
  end
  local payload = { paths = paths, format = options.as or mapping and "csv" or nil, mapping = mapping,
    connection = options.connection, weight_unit = options["weight-unit"],
    live_after = sw.time.now() - LIVE_MS, dry = options["dry-run"] and true or nil }
  local name = sw.sys.hash(json.encode { paths, options.as or "", options.connection or "",
    options["weight-unit"] or "", mapping and json.encode(mapping) or "", payload.dry or false })
  local out, message, code = queue.run_now(ctx, { kind = "import", name = name,
    payload = json.encode(payload) }, function()
    term.error("another process is importing the same files; waiting for it")
  end)
  bar.clear()
  if out and not out.total then
    return nil, "another process gave up this import; `syncwell status` says why"
  end
  return out, message, code
end

local GROUPS = 12 -- of files that were left, in the order of their number

local function files_of(n)
  return ("%s file%s"):format(term.number(n), n == 1 and "" or "s")
end

-- What was left, a line a folder and reason: nobody should have to find out by what is missing.
local function show_left(out, named)
  local groups, more = { table.unpack(out.left) }, 0
  table.sort(groups, function(a, b)
    return a.files > b.files or a.files == b.files and a.folder < b.folder
  end)
  for i, g in ipairs(groups) do
    if i <= GROUPS then
      term.line("%s  %s: %s%s: %s", term.paint("yellow", "left"), named(g.folder), files_of(g.files),
        g.files > 1 and ", such as " .. clean(g.such_as) or ", " .. clean(g.such_as), clean(g.why))
    else
      more = more + g.files
    end
  end
  if more > 0 then
    term.line("      and %s more (--json lists them all)", files_of(more))
  end
end

local function report(ctx, out, began, words, dry)
  local each, many = sorted_out(out.results, ctx.quiet)
  local named = below(words)
  for _, r in ipairs(each) do
    show(r, named)
  end
  gathered(many)
  local t = out.total
  show_left(out, named)
  term.line("%s in %s: %s new, %s updated, %s unchanged, %s rejected%s%s", files_of(t.files),
    term.spent(sw.time.mono() - began), term.number(t.new), term.number(t.updated), term.number(t.unchanged),
    term.number(t.rejected), t.passed > 0 and (", %s left"):format(files_of(t.passed)) or "",
    dry and "; nothing was stored" or "")
  if t.files == 0 then
    term.error("nothing to import was found there (looked for"
      .. " .fit .tcx .gpx .xml .csv .json .jsonl .db .gz .zip .tar .tgz)")
  end
end

function command.run(ctx, words, options)
  if #words == 0 then
    return nil, "import needs at least one file, folder or archive", "usage"
  end
  local mapping, problem, kind = said(options)
  if problem then
    return nil, problem, kind
  end
  local paths, message, code = absolute(words)
  if not paths then
    return nil, message, code
  end
  sw.sys.on_signal(function()
    sw.sys.err("\nstopped; what is stored stays, and the same command goes on from there\n")
    sw.sys.exit_now(130)
  end)
  local began = sw.time.mono()
  local out
  out, message, code = import_now(ctx, paths, options, mapping)
  local unknown = out and unknown_table(out, words, options, ctx)
  if unknown then
    mapping, message, code = ask_mapping(unknown)
    if message then
      return nil, message, code
    elseif mapping then
      out, message, code = import_now(ctx, paths, options, mapping)
    end
  end
  if not out then
    return nil, message, code
  elseif ctx.json then
    print_json(out)
  else
    report(ctx, out, began, words, options["dry-run"])
  end
  return exit_code(out.total)
end

return command

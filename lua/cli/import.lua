-- syncwell import: files, folders and archives; the same file twice adds nothing.
--   syncwell import ~/Downloads/export.zip ~/activities/
local queue = require("queue")
local term = require("term")

local json = sw.json

local command = {
  creates = true,
  group = "data", summary = "read files, folders or archives into the store",
    usage = "PATH... [--as FORMAT] [--connection NAME]",
  example = "syncwell import ~/Downloads/export.zip\nsyncwell import ~/activities --json", mutates = true,
  doc = "Formats are recognised by content: FIT, TCX, GPX, Apple Health export.xml, what `export json` "
    .. "wrote, and zip archives of these.\n"
    .. "Importing the same file again adds nothing. A damaged file keeps what precedes the damage.",
  options = {
    as = { value = "FORMAT", doc = "fit, tcx, gpx, apple or syncwell, when the content does not tell" },
    ["weight-unit"] = { value = "UNIT", doc = "kg, lb or st, for files that state weights without one" },
    connection = { value = "NAME", doc = "keep these files apart under this name (default: files)" },
  },
}

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

local clean = sw.sys.clean -- names and texts of files are strangers' words

local function show(r)
  local mark = ({ ok = term.paint("green", "ok"), partial = term.paint("yellow", "partly"),
    refused = term.paint("red", "refused") })[r.status]
  if r.status == "refused" then
    term.line("%s  %s: %s", mark, clean(r.file), clean(r.reasons[1] or ""))
    return
  end
  term.line("%s  %s (%s): %s new, %s updated, %s unchanged, %s rejected", mark, clean(r.file), r.format,
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

local function print_json(out)
  for _, r in ipairs(out.results) do
    r.notes = json.list(r.notes or {})
    r.reasons = json.list(r.reasons or {})
    r.format = r.format or json.null
    term.line("%s", json.encode(r))
  end
  term.line("%s", json.encode { total = out.total })
end

local function exit_code(total)
  if total.files == 0 or total.refused == total.files then
    return 1
  end
  return (total.refused > 0 or total.partial > 0) and 4 or 0
end

function command.run(ctx, words, options)
  if #words == 0 then
    return nil, "import needs at least one file, folder or archive", "usage"
  end
  if options.as and not sw.fs.stat(sw.sys.share() .. "/lua/import/" .. options.as:gsub("%W", "")
    .. ".lua") then
    return nil, ("there is no format '%s' (fit, tcx, gpx, apple, syncwell)"):format(options.as), "usage"
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
  local bar = term.progress("importing", term.bytes)
  require("jobs.import").on_progress = function(done, whole)
    if not ctx.quiet and not ctx.json then
      bar.show(done, whole)
    end
  end
  local payload = { paths = paths, format = options.as, connection = options.connection,
    weight_unit = options["weight-unit"], live_after = sw.time.now() - LIVE_MS }
  local out
  out, message, code = queue.run_now(ctx, { kind = "import", name = sw.sys.hash(json.encode { paths,
    options.as or "", options.connection or "" }),
    payload = json.encode(payload) }, function()
    term.error("another process is importing the same files; waiting for it")
  end)
  bar.clear()
  if not out then
    return nil, message, code
  elseif not out.total then
    return nil, "another process gave up this import; `syncwell status` says why"
  end
  if ctx.json then
    print_json(out)
    return exit_code(out.total)
  end
  for _, r in ipairs(out.results) do
    if not ctx.quiet or r.status ~= "ok" then
      show(r)
    end
  end
  local t = out.total
  term.line("%d file%s in %s: %s new, %s updated, %s unchanged, %s rejected", t.files, t.files == 1 and ""
    or "s",
    term.duration((sw.time.mono() - began) / 1000), term.number(t.new), term.number(t.updated),
      term.number(t.unchanged), term.number(t.rejected))
  if t.files == 0 then
    term.error("nothing to import was found there (looked for .fit .tcx .gpx .xml .zip)")
  end
  return exit_code(t)
end

return command

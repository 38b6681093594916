-- syncwell undo: take back what a run added or changed.
--   syncwell undo   |   syncwell undo --last   |   syncwell undo 17
local home = require("home")
local term = require("term")
local undo = require("undo")

local json = sw.json

local command = {
  group = "data", summary = "take back an import, an edit, a remap or what a sync brought",
  usage = "[RUN | --last | --syncs]",
  mutates = true, example = "syncwell undo\nsyncwell undo --last\nsyncwell undo 17\nsyncwell undo --syncs",
  doc = "Without a run it lists those that can be taken back (for 30 days: retention.undo_days of\n"
    .. "config.lua). What was changed once more since then stays as it is now. A sync that is taken back\n"
    .. "is no reason for a service to be silent: what lies in the days that syncs read again (three, as a\n"
    .. "rule) comes back with the next one, unless the connection is paused.",
  options = { last = { doc = "the newest that was not taken back yet; never a sync" },
    syncs = { doc = "list what syncs brought instead" } },
}

command.words = { RUN = "runs" }

local function list(ctx, syncs)
  local runs, message, code = undo.list(ctx, 50, syncs)
  if not runs then
    return nil, message, code
  end
  local rows, out = {}, json.list()
  for i, r in ipairs(runs) do
    local at = sw.time.iso(r.at // 1000 * 1000, home.offset(ctx, r.at))
    out[i] = { run = r.run, what = r.what, text = r.text, at = at, undone = r.undone }
    rows[i] = { tostring(r.run), (at:sub(1, 16):gsub("T", " ")), r.what, r.undone and "taken back" or "",
      r.text or "" }
  end
  if ctx.json then
    term.line("%s", json.encode(out))
  elseif #rows == 0 then
    term.line(syncs and "no sync brought anything that could be taken back"
      or "nothing was imported, edited or logged that could be taken back")
  else
    term.table({ "run", "at", "what", "", "" }, rows)
  end
  return 0
end

local function print(ctx, r, total)
  if ctx.json then
    term.line("%s", json.encode { run = r.run, what = r.what, records = total.records,
      samples = total.samples, totals = total.totals, kept = total.kept })
  else
    local kept = total.kept > 0 and ("; %s were changed since and stay"):format(term.number(total.kept)) or ""
    term.line("run %d (%s) is taken back: %s records, %s samples%s", r.run, r.what,
      term.number(total.records), term.number(total.samples + total.totals), kept)
  end
  return total.kept > 0 and 4 or 0
end

function command.run(ctx, words, options)
  if not words[1] and not options.last then
    return list(ctx, options.syncs)
  end
  local r, message, code
  if options.last and words[1] then
    return nil, ("--last is the newest run; leave '%s' out, or --last"):format(words[1]), "usage"
  elseif options.last then
    r, message, code = undo.last(ctx)
  else
    local run = math.tointeger(tonumber(words[1]))
    if not run then
      return nil, ("'%s' is no number of a run; `syncwell undo` lists them"):format(words[1]), "usage"
    end
    r, message, code = undo.find(ctx, run)
  end
  if not r then
    return nil, message, code
  end
  local total
  total, message, code = undo.take_back(ctx, r)
  if not total then
    return nil, message, code
  end
  return print(ctx, r, total)
end

return command

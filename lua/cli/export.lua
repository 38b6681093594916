-- syncwell export: all data of a person, or a part of it, for other programs; JSON lines lose nothing.
--   syncwell export json --out all.jsonl;   syncwell export csv --out tables/ --metric steps
-- A format is lua/export/<name>.lua: { doc, extension, write(job) } or parts(job) for tables of a folder.
local fields = require("box.fields")
local data = require("data")
local exporting = require("exporting")
local lua_files = require("lua_files")
local schema = require("schema")
local term = require("term")
local when = require("when")

local json = sw.json

local function formats()
  return lua_files.names(sw.sys.share() .. "/lua/export")
end

-- "csv: samples one a line ...", a line each.
local function says()
  local lines = {}
  for i, name in ipairs(formats()) do
    lines[i] = ("%s: %s.\n"):format(name, require("export." .. name).doc)
  end
  return table.concat(lines)
end

local command = {
  group = "data", summary = "your data for other programs, all or a part",
  usage = table.concat(formats(), "|")
    .. " [--out FILE] [--from DAY] [--to DAY] [--kind K]... [--metric METRIC]...",
  example = "syncwell export json --out all.jsonl\nsyncwell export csv --out tables/ --from 2026-01-01\n"
    .. "syncwell export ics --kind workout > workouts.ics",
  doc = says() .. "Without --out the text goes to standard output. --kind alone leaves samples out, --metric "
    .. "alone records.",
  options = {
    out = { value = "FILE", doc = "write there instead of standard output; a folder ends in /" },
    from = { value = "DAY", doc = "first day" }, to = { value = "DAY", doc = "last day, with it" },
    kind = { value = "K", list = true, doc = "only records of this kind (workout, sleep ...); repeatable" },
    metric = { value = "METRIC", list = true, doc = "only samples of this metric; repeatable" },
  },
}

command.words = { K = fields.record_kinds }

local function format_of(name)
  local names = formats()
  for _, known in ipairs(names) do
    if known == name then
      return require("export." .. name)
    end
  end
  local all = table.concat(names, ", ")
  if not name then
    return nil, "export needs a format: " .. all, "usage"
  end
  local near = schema.did_you_mean(name, names)
  return nil, ("there is no export format '%s'%s (%s)"):format(name, near, all), "usage"
end

-- The chosen names as a set; `none`: none of this sort, since only the other sort was asked for.
local function chosen(list, others, check)
  local set = { none = not list and others ~= nil or nil }
  for i, name in ipairs(list or {}) do
    local real, message = check(name)
    if not real then
      return nil, message, "usage"
    end
    set[i], set[real] = real, true
  end
  return set
end

local function metric_name(name)
  local m, message = data.metric(name)
  return m and m.name, message
end

local function kind_name(name)
  if fields.is_record[name] then
    return name
  end
  return nil, ("there is no kind of record '%s'%s"):format(name,
    schema.one_of(name, fields.record_kinds))
end

local function wanted_of(ctx, options)
  local metrics, message, code = chosen(options.metric, options.kind, metric_name)
  if not metrics then
    return nil, message, code
  end
  local kinds_wanted, why, kind = chosen(options.kind, options.metric, kind_name)
  if not kinds_wanted then
    return nil, why, kind
  end
  local w, wrong, which = when.range(ctx, options)
  if not w then
    return nil, wrong, which
  end
  w.metrics, w.kinds = metrics, kinds_wanted
  return w
end

local standard_output = { put = sw.sys.out, finish = function() return true end, drop = function() end }

local function file_sink(path)
  local w, message, code = sw.fs.writer(path)
  if not w then
    return nil, message, code
  end
  return { put = function(text) return w:put(text) end, finish = function() return w:finish() end,
    drop = function() w:drop() end }
end

-- Where each part goes: { { path =, write = }, ... }; path nil is standard output.
local function targets(format, job, name, out)
  local parts = format.parts and format.parts(job) or { { name = "syncwell." .. format.extension,
    write = format.write } }
  local st = out and sw.fs.stat(out)
  if out and (out:sub(-1) == "/" or st and st.kind == "dir") then
    local dir = out:gsub("/+$", "")
    local ok, message, code = sw.fs.mkdir(dir)
    if not ok then
      return nil, message, code
    end
    for _, part in ipairs(parts) do
      part.path = dir .. "/" .. part.name
    end
    return parts
  end
  if #parts > 1 and not job.ctx.quiet then
    term.error(name .. " in one file holds samples only; give --out a folder (tables/) for records too")
  end
  parts[1].path = out
  return { parts[1] }
end

local function write_part(part, job)
  local sink, message, code = standard_output, nil, nil
  if part.path then
    sink, message, code = file_sink(part.path)
  end
  if not sink then
    return nil, message, code
  end
  job.sink = sink
  part.write(job)
  if job.failed then
    sink.drop()
    return nil, table.unpack(job.failed)
  end
  return sink.finish()
end

local function left_out(job)
  local parts = {}
  for i, name in ipairs(schema.keys(job.left_out)) do
    parts[i] = ("%s (%s)"):format(name, term.number(job.left_out[name]))
  end
  return parts
end

local function report(job, out, seconds)
  local left = left_out(job)
  if out and job.ctx.json then
    term.line("%s", json.encode { file = out, samples = job.n_samples, records = job.n_records,
      left_out = job.left_out })
  elseif not job.ctx.quiet then
    sw.sys.err(("%s samples and %s records%s in %s\n"):format(term.number(job.n_samples),
      term.number(job.n_records), out and " to " .. out or "", term.spent(seconds * 1000)))
  end
  if #left > 0 and not job.ctx.quiet then
    sw.sys.err(("left out, because the format has no words for them: %s\n"):format(table.concat(left, ", ")))
  end
end

function command.run(ctx, words, options)
  local format, message, code = format_of(words[1])
  local wanted
  if format then
    wanted, message, code = wanted_of(ctx, options)
  end
  if not wanted then
    return nil, message, code
  end
  local began = sw.time.mono()
  local job = exporting.new(ctx, wanted)
  local bar = term.progress("exporting", term.number)
  local in_the_way = not options.out and sw.sys.tty(1) -- the text itself goes to the terminal
  job.on_progress = not ctx.quiet and not in_the_way and bar.show or nil
  local parts
  parts, message, code = targets(format, job, words[1], options.out)
  for _, part in ipairs(parts or {}) do
    local ok
    ok, message, code = write_part(part, job)
    if not ok then
      bar.clear()
      return nil, message, code
    end
  end
  bar.clear()
  if not parts then
    return nil, message, code
  end
  report(job, options.out, (sw.time.mono() - began) / 1000)
  return 0
end

return command

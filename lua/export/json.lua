-- Export as JSON lines, nothing lost: `import` takes them back, and the same data is there again.
--   syncwell export json --out all.jsonl
-- {"line":"syncwell","version":1,...} {"line":"origin"...} {"line":"record"...}
-- {"line":"day_total"...} {"line":"document"...} {"line":"rank"...} {"line":"same"...}
-- {"line":"samples","metric":"steps","origin":"2f..","unit":"{step}","at":[[ISO time,duration ms,value]...]}
local exporting = require("exporting")
local json = sw.json

local lines = { extension = "jsonl",
  doc = "JSON lines with everything, what you deleted or changed too; import takes them back" }

local function id(n)
  return ("%x"):format(n)
end

local function origin(o, line)
  return { line = line, id = id(o.id), provider = o.provider, name = o.name, maker = o.maker,
    model = o.model, class = o.class, ident = exporting.ident(o) }
end

-- The body goes as it stands: an empty list is one there, times of segments are UTC ms.
local function record(r)
  return { line = "record", id = id(r.id), kind = r.kind, type = r.type,
    start = sw.time.iso(r.start, r.offset_start),
    finish = sw.time.iso(r.finish, r.offset_finish), start_ms = r.start, finish_ms = r.finish,
    offset_start = r.offset_start, offset_finish = r.offset_finish, day = sw.time.day_text(r.day),
    zone_from = r.zone_from, connection = { provider = r.provider, name = r.connection_name },
    origin = id(r.origin_id), external_id = r.external_id, group = id(r.group), revision = r.revision,
    state = r.state, may_return = r.may_return, attributes = r.body.attributes, segments = r.body.segments and
    json.list(r.body.segments) }
end

local function totals(job)
  for _, t in ipairs(sw.store.totals(job.ctx.who)) do
    local inside = (not job.first or t.day >= job.first) and (not job.last or t.day <= job.last)
    if inside and job:wants_metric(t.metric) then
      job:line { line = "day_total", metric = t.metric, unit = job.metrics[t.metric].unit,
        day = sw.time.day_text(t.day), origin = id(t.origin), value = t.value }
    end
  end
end

-- What a person decided and noted: goals, tasks, which records are one event.
local DOCUMENTS = { "goal", "group_alias", "group_choice", "task" }

local function documents(job)
  if not job:is_whole() then
    return
  end
  for _, kind in ipairs(DOCUMENTS) do
    for _, doc in ipairs(sw.store.docs(job.ctx.who, kind, {}) or {}) do
      job:line { line = "document", kind = kind, name = doc.name, at = doc.at, body = doc.body }
    end
  end
end

-- What a person said of devices: which is believed first, and which is another one.
local function choices(job)
  if not job:is_whole() then
    return
  end
  for _, r in ipairs(sw.store.ranks(job.ctx.who)) do
    job:line { line = "rank", metric = r.metric, place = r.place, origin = id(r.origin),
      from_min = r.from_min, to_min = r.to_min }
  end
  for _, o in ipairs(job.origins) do
    if o.merged_into ~= 0 then
      job:line { line = "same", origin = id(o.merged_into), is = origin(o) }
    end
  end
end

function lines.write(job)
  job:line { line = "syncwell", version = 1, person = job.ctx.name, zone = job.ctx.zone }
  for _, o in ipairs(job.origins) do
    job:line(origin(o, "origin"))
  end
  for r in job:records(true) do
    job:line(record(r))
  end
  totals(job)
  documents(job)
  choices(job)
  for s in job:series() do
    local head = json.encode { line = "samples", metric = s.metric.name, unit = s.metric.unit,
      origin = id(s.origin.id) }
    job:samples(s, { head = head:sub(1, -2) .. ',"at":[', instant = '["{start}",{duration_ms},{value}]',
      join = ",", tail = "]}\n", most = 1000 })
  end
end

return lines

-- What every export format is given: the data of a person piece by piece, and a place to put text.
--   local job = exporting.new(ctx, { first =, last =, kinds =, metrics = }, sink)
--   for s in job:series() do job:samples(s, form) end       -- form as in sw.store.rows
-- Memory stays small: samples come as texts of about a mebibyte, records in pages of 500. An export is no
-- snapshot: what arrives meanwhile may or may not be in it.
local data = require("data")
local record = require("record")
local record_pages = require("record_pages")

local exporting = {}
exporting.__index = exporting

local DAY_MS = 86400000
local FIRST_MS, LAST_MS = sw.time.day(1900, 1, 1) * DAY_MS, sw.time.day(2079, 12, 31) * DAY_MS
local EDGE_MS = 16 * 3600000 -- a local day lies within its UTC day widened by this

-- sink: { put(text) -> true | nil, message, code }. Progress is told to job.on_progress(done, whole).
function exporting.new(ctx, wanted, sink)
  local job = setmetatable({ ctx = ctx, wanted = wanted, sink = sink, n_samples = 0, n_records = 0,
    left_out = {} }, exporting)
  job.first, job.last = wanted.first, wanted.last
  job.from_ms = wanted.first and wanted.first * DAY_MS - EDGE_MS or FIRST_MS
  job.to_ms = wanted.last and (wanted.last + 1) * DAY_MS + EDGE_MS or LAST_MS
  job.metrics, job.origins = data.metrics(), {}
  for _, o in ipairs(sw.store.origins(ctx.who)) do
    job.origins[o.id], job.origins[#job.origins + 1] = o, o
  end
  job.whole = job:count()
  return job
end

-- The first failure stays: formats may go on writing, nothing more arrives.
function exporting:put(text)
  if self.failed then
    return false
  end
  local ok, message, code = self.sink.put(text)
  if not ok then
    self.failed = { message, code }
  end
  return ok
end

function exporting:line(value)
  return self:put(sw.json.encode(value) .. "\n")
end

local function days_in(self, metric, origin)
  if not self.first and not self.last then
    return nil
  end
  local n = 0
  local rows = sw.store.daily(self.ctx.who, metric, self.first or -25567, self.last or 40000, origin)
  for _, r in ipairs(rows or {}) do
    n = n + r.n
  end
  return n
end

local function has(list, name)
  return #list == 0 and not list.none or list[name] ~= nil
end

function exporting:wants_metric(name)
  return has(self.wanted.metrics, name) and self.metrics[name] ~= nil
end

function exporting:wants_kind(kind)
  return has(self.wanted.kinds, kind)
end

-- Is everything asked for, and not some days, metrics or kinds?
function exporting:is_whole()
  local metrics, kinds = self.wanted.metrics, self.wanted.kinds
  return not (self.first or self.last or next(metrics) or next(kinds))
end

-- Series with samples: { metric, origin, n }, by metric and origin; those asked for only.
function exporting:series()
  if not self.list then
    self.list = {}
    for _, s in ipairs(sw.store.series(self.ctx.who)) do
      if s.origin ~= 0 and self.origins[s.origin] and self:wants_metric(s.metric) then
        local n = days_in(self, s.metric, s.origin) or s.samples
        table.insert(self.list, { metric = self.metrics[s.metric], origin = self.origins[s.origin], n = n })
      end
    end
  end
  local i = 0
  return function()
    i = i + 1
    return self.list[i]
  end
end

function exporting:count()
  local n = 0
  for s in self:series() do
    n = n + s.n
  end
  return n
end

-- The samples of a series by a form; gives how many. Days are the data's own, wherever its person was.
function exporting:samples(s, form)
  local at, total = self.from_ms, 0
  form.first_day, form.last_day = self.first, self.last
  while at < self.to_ms and not self.failed do
    local text, n, next_ms = sw.store.rows(self.ctx.who, s.metric.name, s.origin.id, at, self.to_ms, form)
    if not text then
      self.failed = { n, next_ms }
      break
    end
    total, at = total + n, next_ms
    self.n_samples = self.n_samples + n
    if #text > 0 then
      self:put(text)
    end
    if self.on_progress then
      self.on_progress(self.n_samples, math.max(self.whole, self.n_samples))
    end
  end
  return total
end

-- A series or a record that the format has no words for: counted, told at the end.
function exporting:leave_out(s)
  if s.n > 0 then
    self.left_out[s.metric.name] = (self.left_out[s.metric.name] or 0) + s.n
  end
end

function exporting:leave_out_record(r)
  local what = r.kind .. " records"
  self.left_out[what] = (self.left_out[what] or 0) + 1
  self.n_records = self.n_records - 1
end

local function in_span(self, r)
  return (not self.first or r.day >= self.first) and (not self.last or r.day <= self.last)
    and self:wants_kind(r.kind)
end

-- What people changed by hand: the layer of each group that has one, and which of them lie over nothing.
local function layers_of(self)
  local layers, alone = {}, {}
  for _, r in ipairs(sw.store.records(self.ctx.who, { by_hand = record.LAYER }) or {}) do
    if record.is_layer(r) then
      layers[r.group] = r
      alone[r.group] = #(sw.store.records(self.ctx.who, { group = r.group, bare = true }) or {}) == 1
    end
  end
  return layers, alone
end

-- Records by their start, those asked for only, as people see them: changes lie over what they change.
-- as_kept: each as it is kept, the deleted ones and the changes too.
function exporting:records(as_kept)
  local layers, alone = {}, {}
  if not as_kept then
    layers, alone = layers_of(self)
  end
  local pages = record_pages.of(self.ctx, { from = self.first and (self.first - 3) * DAY_MS or FIRST_MS,
    to = LAST_MS, deleted = as_kept })
  return function()
    for r in self.failed and function() end or pages.next do
      local shown = as_kept and r or record.shown(r, layers[r.group], alone[r.group])
      if shown and in_span(self, shown) then
        self.n_records = self.n_records + 1
        return shown
      end
    end
    self.failed = self.failed or pages.failed
  end
end

-- A text inside a template of sw.store.rows that is none: a stranger's "{value}" is no field.
function exporting.literal(text)
  return (text:gsub("{(%l[%l_]*})", "{brace}%1"))
end

-- A document as template: its texts "@start@", "@value@" ... become fields, value a number.
function exporting.template(document)
  local text = exporting.literal(sw.json.encode(document))
  return (text:gsub('"([%l:]*)@(%l+)@"', function(before, name)
    return name == "value" and "{value}" or '"' .. before .. "{" .. name .. '}"'
  end))
end

-- How an origin is called where there is room for one text.
function exporting.name(o)
  return o.name ~= "" and o.name or o.model ~= "" and o.model or o.maker ~= "" and o.maker or o.provider
end

-- The part of an origin's identity that no column holds: what its key has behind provider and maker.
function exporting.ident(o)
  local plain = table.concat({ o.provider, o.maker, o.model, o.name }, "|")
  local head = o.provider .. "|" .. o.maker .. "|"
  return o.key ~= plain and o.key:sub(1, #head) == head and o.key:sub(#head + 1) or ""
end

return exporting

-- What a provider script hands over during a run, checked and gathered for one transaction. The script is
-- a stranger: every field is looked at, what does not fit is counted with its reason, nothing raises.
--   local intake = Intake.new(ctx, connection, provider)
--   intake:take("records", list)          -- answers of the box: true | nil, message
--   intake:write(t)                       -- into a transaction; then intake:count(results) after its commit
local fields = require("box.fields")
local capabilities = require("capabilities")
local data = require("data")
local echoes = require("echoes")
local record = require("record")

local intake = {}
intake.__index = intake

local RECORDS_MOST, DAYS_MOST, COLUMNS_MOST = 20000, 50000, 4000
local REASONS_MOST = 60
local PAGE_BYTES, ID_MOST, FIELDS_MOST, SEGMENTS_MOST = 64 << 20, 500, 200, 5000
local FIRST_MS, LAST_MS = -2208816000000, 3453062400000

function intake.new(ctx, c, provider)
  return setmetatable({ ctx = ctx, connection = c, provider = provider, records = {}, days = {}, columns = {},
    echoes = {}, reasons = {}, rejected = 0, ids = {}, bytes = 0, declared = {},
    total = { new = 0, updated = 0, unchanged = 0, rejected = 0, held = 0 } }, intake)
end

local function text(v, fallback)
  return type(v) == "string" and v:sub(1, 200) or fallback
end

local function bytes(v)
  return type(v) == "string" and v or ""
end

local function origin(self, given)
  given = type(given) == "table" and given or {}
  return { provider = self.provider.id, name = text(given.name, self.provider.declaration.title:sub(1, 200)),
    maker = text(given.maker, ""):lower(), model = text(given.model, ""), kind = text(given.kind, "app"),
    ident = text(given.ident, "") }
end

function intake:reject(reason, n)
  n = math.max(1, math.tointeger(n or 1) or 1)
  if not self.reasons[reason] then
    self.kinds = (self.kinds or 0) + 1
    reason = self.kinds > REASONS_MOST and "for other reasons" or reason
  end
  self.reasons[reason] = (self.reasons[reason] or 0) + n
  self.rejected = self.rejected + n
end

local function is_time(v)
  return math.type(v) == "integer" and v >= FIRST_MS and v < LAST_MS
end

local function offset(v)
  v = math.tointeger(v)
  return v and v > -960 and v < 960 and v or nil
end

local function doubt(d)
  if type(d) ~= "table" or not fields.is_record[d.kind] then
    return "a record of no known kind"
  elseif type(d.id) ~= "string" or d.id == "" then
    return "a " .. d.kind .. " without an id"
  elseif #d.id > ID_MOST then
    return ("a %s with an id of over %d bytes"):format(d.kind, ID_MOST)
  elseif not is_time(d.start) or not is_time(d.finish or d.start) then
    return "a " .. d.kind .. " at no time between 1900 and 2079"
  elseif (d.finish or d.start) < d.start then
    return "a " .. d.kind .. " that ends before it starts"
  end
end

-- Names with texts, figures and flags: what nests was made to hurt whoever reads it later.
local function flat(self, from)
  local to, n = {}, 0
  for k, v in pairs(type(from) == "table" and from or {}) do
    local kind = type(v)
    if type(k) == "string" and #k <= 100 and (kind == "string" or kind == "number" or kind == "boolean") then
      to[k], n = kind == "string" and v:sub(1, 4096) or v, n + 1
      self.bytes = self.bytes + 64 + (kind == "string" and math.min(#v, 4096) or 0)
    end
    if n >= FIELDS_MOST then
      break
    end
  end
  return to
end

local function segments(self, from)
  local to = {}
  for i, one in ipairs(type(from) == "table" and from or {}) do
    if type(one) ~= "table" or i > SEGMENTS_MOST then
      break
    end
    to[i] = flat(self, one)
    self.bytes = self.bytes + 64
  end
  return #to > 0 and to or nil
end

-- What is kept of a record that a script handed over: of the size it is counted with, of known shape.
local function kept(self, d)
  self.bytes = self.bytes + 1500
  return { kind = d.kind, id = d.id, start = d.start, finish = d.finish or d.start, offset = offset(d.offset),
    offset_finish = offset(d.offset_finish), type = text(d.type), attributes = flat(self, d.attributes),
    segments = segments(self, d.segments), origin = origin(self, d.origin) }
end

-- What a script did not say it brings is not taken; it is looked up once a name.
local function undeclared(self, name)
  local known = self.declared[name]
  if known == nil then
    known = capabilities.allows(self.provider.declaration, "write", name)
    self.declared[name] = known
  end
  return not known and ("%s, which the script does not say it brings"):format(name) or nil
end

-- One of our own that came back is seen, and left out.
local function is_echo(self, d)
  self.known = self.known or echoes.index(self.ctx)
  local tag, why = self.known:of(self.connection, d)
  if not tag and why ~= "held" then
    return false
  end
  self.ids[d.id] = true
  self.echoes[#self.echoes + 1] = { tag = tag, id = d.id, why = why }
  return true
end

local take = {}

function take.records(self, list)
  for _, d in ipairs(type(list) == "table" and list or {}) do
    local why = doubt(d) or undeclared(self, d.kind)
    if why then
      self:reject(why)
    elseif #self.records >= RECORDS_MOST then
      return nil, ("more than %d records in one page"):format(RECORDS_MOST)
    elseif not is_echo(self, d) then
      self.ids[d.id] = true
      self.records[#self.records + 1] = kept(self, d)
    end
  end
  return true
end

function take.days(self, list)
  for _, d in ipairs(type(list) == "table" and list or {}) do
    local day = type(d) == "table" and type(d.day) == "string" and sw.time.parse(d.day:sub(1, 10))
    local metric = day and type(d.metric) == "string" and data.metrics()[d.metric]
    if not day then
      self:reject("a day without a date")
    elseif not metric then
      self:reject(("there is no metric '%s'"):format(text(d.metric, "?")))
    elseif not sw.store.convert(1, text(d.unit, metric.unit), metric.unit) then
      self:reject(("%s in '%s', which is no %s"):format(metric.name, text(d.unit), metric.unit))
    elseif undeclared(self, metric.name) then
      self:reject(undeclared(self, metric.name))
    elseif type(d.value) ~= "number" or d.value ~= d.value then
      self:reject("a " .. d.metric .. " that is no number")
    elseif #self.days >= DAYS_MOST then
      return nil, ("more than %d day values in one page"):format(DAYS_MOST)
    else
      self.days[#self.days + 1] = { day = day // 86400000, metric = metric, value = d.value,
        unit = text(d.unit), origin = origin(self, d.origin) }
    end
  end
  return true
end

function take.samples(self, c)
  local metric = type(c) == "table" and type(c.metric) == "string" and data.metrics()[c.metric]
  if not metric then
    self:reject(("there is no metric '%s'"):format(text(type(c) == "table" and c.metric, "?")))
    return true
  elseif undeclared(self, metric.name) then
    self:reject(undeclared(self, metric.name), #bytes(c.start) // 8)
    return true
  elseif #self.columns >= COLUMNS_MOST then
    return nil, "too many samples in one page: ask for shorter windows"
  end
  for reason, n in pairs(type(c.rejected) == "table" and c.rejected or {}) do
    self:reject(("%s %s"):format(metric.name, text(reason, "?")), n)
  end
  local unit = text(c.unit, metric.unit)
  if not sw.store.convert(1, unit, metric.unit) then
    self:reject(("%s in '%s', which is no %s"):format(metric.name, unit, metric.unit), #bytes(c.start) // 8)
    return true
  end
  local column = { metric = metric.name, unit = unit, start = bytes(c.start), dur = bytes(c.dur),
    value = bytes(c.value), offset = bytes(c.offset), origin = origin(self, c.origin) }
  local n = #column.start
  if n % 8 ~= 0 or #column.dur ~= n or #column.value ~= n or #column.offset * 4 ~= n then
    return nil, "samples of unlike lengths"
  end
  self.bytes = self.bytes + n * 13 // 4 + 500
  self.columns[#self.columns + 1] = column
  return true
end

function take.reject(self, r)
  self:reject(text(type(r) == "table" and r.reason, "without a reason"), type(r) == "table" and r.n)
  return true
end

function intake:take(what, args)
  if not take[what] then
    return nil, ("%s is not available to providers"):format(what)
  elseif self.bytes > PAGE_BYTES then
    return nil, ("more than %d MB in one page: ask for shorter windows"):format(PAGE_BYTES >> 20)
  end
  return take[what](self, args)
end

local function draft_row(self, d)
  local draft = { kind = d.kind, external_id = d.id, start = d.start, finish = d.finish,
    offset_start = d.offset, offset_finish = d.offset_finish, type = d.type, attributes = d.attributes,
    segments = d.segments }
  return record.row(self.ctx, draft, d.origin, self.connection.id, self.provider.id)
end

-- A value of a day that is no amount stands at the day's local midnight.
function intake.day_sample(self, d)
  local start = sw.time.day_start(self.ctx.zone, d.day)
  return { metric = d.metric.name, unit = d.unit or d.metric.unit, start = ("<i8"):pack(start),
    dur = ("<i8"):pack(0), value = ("<d"):pack(d.value),
    offset = ("<i2"):pack(sw.time.offset(self.ctx.zone, start)) }
end

-- Add everything to a transaction; `self.order` remembers which result is what. Totals of days are doubted
-- unless whoever writes is `sure` of them (a remap, which looked at all of them).
function intake:write(t)
  self.order = {}
  for _, d in ipairs(self.records) do
    t:record(draft_row(self, d))
    self.order[#self.order + 1] = "record"
    if self.detail then
      t:job { kind = "detail", name = ("%d:%s:%s"):format(self.connection.id, self.detail, d.id), urgency = 2,
        if_changed = true, payload = sw.json.encode { connection = self.connection.id, resource = self.detail,
          run = self.run, item = { id = d.id, start = d.start, origin = d.origin } } }
      self.order[#self.order + 1] = "job"
    end
  end
  for _, c in ipairs(self.columns) do
    t:packed(c, c.origin)
    self.order[#self.order + 1] = "counts"
  end
  for _, d in ipairs(self.days) do
    local amount = d.metric.kind == "cumulative"
    if amount and self.sure then
      t:day_total(d.metric.name, d.day, d.origin, d.value, d.unit or d.metric.unit)
    elseif amount then
      t:day_total_guarded(d.metric.name, d.day, d.origin, d.value, d.unit or d.metric.unit)
    else
      t:packed(intake.day_sample(self, d), d.origin)
    end
    self.order[#self.order + 1] = amount and "total" or "counts"
  end
  local mine = #self.order
  for _, e in ipairs(self.echoes) do -- comes last: what became of it is not asked for
    self.known:note(t, self.connection, e)
  end
  return mine
end

local counted = { job = function() end }

function counted.record(self, r)
  if r.what == "rejected" then
    self:reject(r.reason)
  else
    self.total[r.what] = self.total[r.what] + 1
  end
end

function counted.counts(self, r)
  for _, name in ipairs { "new", "updated", "unchanged" } do
    self.total[name] = self.total[name] + r[name]
  end
  for reason, n in pairs(r.reasons) do
    self:reject(reason, n)
  end
end

function counted.total(self, what)
  if what == "rejected" then
    self:reject("a day's total that is not plausible")
  else
    self.total[what] = self.total[what] + 1
  end
end

-- The results of the commit, from the first of ours on; then this page is forgotten.
function intake:count(results, from)
  for i, kind in ipairs(self.order) do
    counted[kind](self, results[from + i - 1])
  end
  self.total.rejected, self.rejected = self.total.rejected + self.rejected, 0
  if #self.echoes > 0 then
    for _, e in ipairs(self.echoes) do
      local name = e.tag and "echoes" or "held"
      self.total[name] = (self.total[name] or 0) + 1
    end
  end
  self.records, self.days, self.columns, self.echoes, self.bytes = {}, {}, {}, {}, 0
end

return intake

-- Reading from a service: one page of one resource per run. The declaration says how; what it cannot say
-- is a function of the script. Nothing is stored here: records, samples and day values go to the engine.
--   reading.page(declaration, run, out)    run: { resource, window, page }; out: { next, verdict, empty }
--   reading.posted(declaration, run, out)  a document that was posted to us
-- luacheck: read globals core
local answer = require "answer"
local clock = require "clock"
local env = require "env"
local errors = require "errors"
local fields = require "fields"
local mapping = require "mapping"

local reading = {}

local BATCH, DAYS, REASONS, TEXT = 20, 200, 60, 1000

local ask, document, verdict = answer.ask, answer.document, answer.verdict

-- --- what goes to the engine ---

local sink = {}
sink.__index = sink
sink.__metatable = false

local function flush(self, what)
  if #self[what] > 0 then
    ask(what, self[what])
    self[what] = {}
  end
end

local function push(self, what, value, most)
  local list = self[what]
  list[#list + 1] = value
  if #list >= most then
    flush(self, what)
  end
end

local function is_figure(v)
  return type(v) == "number" and v - v == 0
end

local function short(v)
  return type(v) == "string" and v:sub(1, TEXT) or nil
end

local function tidy_origin(from)
  local made = {}
  for name, v in pairs(type(from) == "table" and from or {}) do
    made[name] = short(v)
  end
  return made
end

-- A value of a record as its field wants it: a figure or a text; nil and why not.
local function tidy_value(kind, name, v)
  local wanted = fields.of(kind)[name]
  if wanted == "text" or wanted == nil and type(v) == "string" then
    return short(v), "text"
  elseif wanted == "flag" then
    return type(v) == "boolean" and v or nil, "yes or no"
  elseif type(v) == "string" and #v < 40 then
    v = tonumber(v)
  end
  return is_figure(v) and v or nil, "number"
end

function sink.reject(self, reason, n)
  reason = tostring(reason):sub(1, 200)
  if not self.rejected[reason] then
    self.reasons = self.reasons + 1
    reason = self.reasons > REASONS and "for other reasons" or reason
  end
  self.rejected[reason] = (self.rejected[reason] or 0) + (n or 1)
end

-- out.record { kind, id, start = ms, finish = ms, offset, attributes..., origin }
-- What does not fit is left out with its reason: a value alone, or the record when it has no time or id.
function sink.record(self, draft)
  local kind = tostring(draft.kind)
  local id = draft.id
  if type(id) == "number" and is_figure(id) then
    id = tostring(id)
  end
  if type(id) ~= "string" or id == "" then
    return self:reject(("a %s without an id"):format(kind))
  elseif not is_figure(draft.start) or draft.finish ~= nil and not is_figure(draft.finish) then
    return self:reject(("a %s without a time"):format(kind))
  end
  local attributes = {}
  for name, v in pairs(draft.attributes or {}) do
    local good, wanted = tidy_value(kind, name, v)
    attributes[name] = good
    if good == nil then
      self:reject(("%s of a %s that is no %s"):format(name, kind, wanted))
    end
  end
  push(self, "records", { kind = kind, id = id:sub(1, 500), start = draft.start, finish = draft.finish,
    offset = is_figure(draft.offset) and draft.offset or nil, type = short(draft.type),
    offset_finish = is_figure(draft.offset_finish) and draft.offset_finish or nil, attributes = attributes,
    segments = draft.segments, origin = draft.origin and tidy_origin(draft.origin), tag = short(draft.tag),
    derived_from = short(draft.derived_from) }, BATCH)
end

-- A value for a local day: out.day("2026-03-01", "steps", 9000, unit)
function sink.day(self, day, metric, value, unit, origin)
  if type(day) ~= "string" or not day:find "^%d%d%d%d%-%d%d%-%d%d" then
    return self:reject "a day without a date"
  elseif not is_figure(value) then
    return self:reject(("%s of a day that is no number"):format(tostring(metric)))
  end
  push(self, "days", { day = day:sub(1, 10), metric = metric, value = value, unit = short(unit),
    origin = origin and tidy_origin(origin) }, DAYS)
end

-- Samples of a list in the answer; spec as in reads.x.series.
function sink.series(self, list, spec)
  local from = 1
  while from and type(list) == "userdata" do
    local c = core.columns(list, spec, from)
    from = c.next
    if c.n > 0 or next(c.rejected) then
      ask("samples", { metric = spec.metric, unit = short(spec.unit),
        origin = spec.origin and tidy_origin(spec.origin), n = c.n, start = c.start,
        dur = c.dur, value = c.value, offset = c.offset, rejected = c.rejected })
    end
    self.samples = self.samples + c.n
  end
end

local function new_sink()
  return setmetatable({ records = {}, days = {}, samples = 0, rejected = {}, reasons = 0 }, sink)
end

local function close(self)
  flush(self, "records")
  flush(self, "days")
  for reason, n in pairs(self.rejected) do
    ask("reject", { reason = reason, n = n })
  end
end

-- What a script's hook gets: functions with a dot, as everywhere.
local function handle(self, zone)
  return setmetatable({}, { __metatable = false, __index = function(_, name)
    if name == "record" or name == "reject" then
      return function(v, n) return sink[name](self, v, n) end
    elseif name == "day" then
      return function(...) return sink.day(self, ...) end
    elseif name == "series" then
      return function(list, spec)
        local full = { zone = zone }
        for k, v in pairs(spec) do
          full[k] = v
        end
        return sink.series(self, list, reading.columns_spec(full))
      end
    end
    errors.fail(("out has no '%s': it has record, day, series and reject"):format(tostring(name)))
  end })
end

-- --- items ---

local function origin_of(spec, item)
  if type(spec) ~= "table" then
    return spec and { name = mapping.at(item, spec) }
  elseif spec.mapper then
    return { name = mapping.value(spec, item) }
  end
  local made = {}
  for name, m in pairs(spec) do
    made[name] = mapping.value(m, item)
  end
  return made
end

-- A clock of core.columns from a mapper: sw.unix "t" -> "t", "unix"; a plain path is ISO.
function reading.columns_spec(s)
  local names = { iso = "iso", unix = "unix", unix_ms = "unix_ms", wall = "local" }
  local made = {}
  for k, v in pairs(s) do
    made[k] = v
  end
  if type(s.time) == "table" then
    made.time, made.clock = s.time.path, names[s.time.mapper]
  end
  if type(s.finish) == "table" then
    made.finish = s.finish.path
  end
  return made
end

local structural = { id = true, start = true, finish = true, offset = true, offset_finish = true, type = true,
  segments = true, tag = true, derived_from = true }

local reading_mappers = { scaled = true, value = true, iso = true, wall = true, unix = true, unix_ms = true }

-- A mapped value; one that is there but does not read is told of.
local function mapped(m, item, what, to)
  local v, more = mapping.value(m, item)
  if v == nil and type(m) == "table" and reading_mappers[m.mapper] and mapping.at(item, m.path) ~= nil then
    to:reject(("%s that is none"):format(what))
  end
  return v, more
end

local function draft_of(read, item, to)
  local map, kind = read.map, read.kind
  local start, offset = mapped(map.start, item, "a start of a " .. kind, to)
  local d = { kind = kind, id = mapping.value(map.id, item), start = start, attributes = {} }
  if not start then
    return d
  end
  for name, m in pairs(map) do
    if not structural[name] then
      d.attributes[name] = mapped(m, item, ("%s of a %s"):format(name, kind), to)
    end
  end
  d.offset = map.offset and mapping.value(map.offset, item) or offset
  if map.finish then
    d.finish, d.offset_finish = mapped(map.finish, item, "an end of a " .. kind, to)
  end
  local elapsed = tonumber(d.attributes.elapsed_s)
  d.finish = d.finish or start + math.floor((elapsed or 0) * 1000 + 0.5)
  d.type = map.type and mapping.value(map.type, item)
  d.tag, d.derived_from = map.tag and mapping.value(map.tag, item), map.derived_from
    and mapping.value(map.derived_from, item)
  d.origin = read.origin and origin_of(read.origin, item)
  return d
end

-- What a script's own function stumbles over costs that item, not the page.
local function guarded(f, to, ...)
  local ok, a, b = pcall(f, ...)
  if not ok then
    local why = type(a) == "table" and a.message or a
    to:reject("an item that cannot be read: " .. errors.clean(tostring(why)))
    return nil
  end
  return a, b
end

local function skipped(read, item, to)
  if not read.skip then
    return false
  end
  local skip = guarded(function(one) return read.skip(one) and "yes" or "no" end, to, item)
  return skip ~= "no"
end

local function read_records(read, items, to)
  for _, item in ipairs(items) do
    if type(item) ~= "userdata" then
      to:reject(("a %s that is no object"):format(read.kind))
    elseif not skipped(read, item, to) then
      local draft = guarded(draft_of, to, read, item, to)
      if draft then
        to:record(draft)
      end
    end
  end
end

local function read_days(read, items, to)
  for _, item in ipairs(items) do
    local day = mapping.at(item, read.days.day)
    if type(day) ~= "string" or not clock.parse(day:sub(1, 10)) then
      to:reject "a day without a date"
    else
      for metric, m in pairs(read.days.values) do
        local v = guarded(mapped, to, m, item, metric .. " of a day", to)
        if v ~= nil then
          local figure = type(v) == "string" and #v < 40 and tonumber(v) or v
          to:day(day, metric, figure, type(m) == "table" and m.unit or nil,
            read.origin and origin_of(read.origin, item))
        end
      end
    end
  end
end

local function read_series(read, name, root, items, zone, to)
  for _, one in ipairs(#read.series > 0 and read.series or { read.series }) do
    local spec = reading.columns_spec(one)
    spec.metric, spec.zone = one.metric or name, zone
    spec.origin = one.origin or (type(read.origin) == "table" and read.origin) or nil
    to:series(one.items and mapping.at(root, one.items) or items, spec)
  end
end

-- --- requests ---

local function fill(text, words)
  return (text:gsub("{([%l_]+)}", function(word)
    if words[word] == nil then
      errors.fail(("'{%s}' means nothing here%s"):format(word, errors.did_you_mean(word, words)))
    end
    return tostring(words[word])
  end))
end

-- What stands in braces: the window, and what after_connect found out about the account.
local function words_of(run)
  local window, words = run.window, {}
  for name, value in pairs(run.settings or {}) do
    words[name] = value
  end
  for name, value in pairs(reading.window_words(window)) do
    words[name] = value
  end
  return words
end

function reading.window_words(window)
  return { from_day = window.first_day, to_day = window.last_day, from_s = window.from // 1000,
    to_s = window.to // 1000, from_ms = window.from, to_ms = window.to, from_iso = clock.iso(window.from, 0),
    to_iso = clock.iso(window.to, 0) }
end

local paging = {}

function paging.pages(p, query, page)
  query[p.param or "page"] = page or p.first or 1
  query[p.size_param or "per_page"] = p.size
end

function paging.token(p, query, page)
  query[p.param] = page
end

function paging.offset(p, query, page)
  query[p.param or "offset"] = page or 0
  query[p.size_param or "limit"] = p.size
end

local following = {}

function following.pages(p, page, n)
  local stop = n == 0 or (p.stop == "short" and p.size and n < p.size)
  return not stop and (page or p.first or 1) + 1 or nil
end

function following.token(p, _, _, root)
  local v = mapping.at(root, p.field)
  return (type(v) == "string" and v ~= "" or math.type(v) == "integer") and v or nil
end

function following.offset(p, page, n)
  return n >= p.size and (page or 0) + n or nil
end

local function request_of(read, run)
  if read.request then
    return read.request(run.window, run.page, { settings = run.settings or {}, id = run.account })
  end
  local words, query = words_of(run), {}
  for name, value in pairs(read.query or {}) do
    query[name] = fill(tostring(value), words)
  end
  if read.page then
    paging[read.page.kind](read.page, query, run.page)
  end
  return { path = fill(read.path, words), query = query }
end

-- --- doors ---

function reading.page(declaration, run, out)
  local read = (declaration.reads or {})[run.resource]
    or errors.fail(("there is no resource '%s'"):format(tostring(run.resource)))
  local to = new_sink()
  if read.fetch then
    read.fetch(answer.account(run, out, declaration), run.window, handle(to, run.zone))
    return close(to)
  end
  local root = document(declaration, request_of(read, run), out)
  if root == nil then
    return
  end
  local items = root
  if read.items then
    items = mapping.at(root, read.items)
  end
  if items == nil then
    out.empty = true -- the list is left out: nothing
    return
  elseif not core.list(items) and not (read.parse and type(items) == "userdata") then
    return verdict(out, "retry", { status = 200 }, "what came is no list: " .. tostring(items):sub(1, 60))
  end
  if read.parse then
    read.parse(root, handle(to, run.zone))
  end
  if read.map then
    read_records(read, items, to)
  end
  if read.days then
    read_days(read, items, to)
  end
  if read.series then
    read_series(read, run.resource, root, items, run.zone, to)
  end
  close(to)
  out.items, out.whole = #items, core.list(items) -- not the absence of one
  out.next = read.page and following[read.page.kind](read.page, run.page, #items, root) or nil
  core.drop(root)
end

-- A list of the answer: by its path, or the one of that name in a list of named ones.
local function stream(detail, root, name)
  if not detail.by then
    return mapping.at(root, name)
  end
  for _, one in ipairs(core.list(root) and root or {}) do
    if type(one) == "userdata" and one[detail.by] == name then
      return one[detail.data or "data"]
    end
  end
end

-- The streams of one record: run.item { id, start } is what the listing said of it.
function reading.detail(declaration, run, out)
  local read = declaration.reads[run.resource]
  local d, words = read.detail, { id = run.item.id }
  for name, value in pairs(run.settings or {}) do
    words[name] = words[name] or value
  end
  local query = {}
  for name, value in pairs(d.query or {}) do
    query[name] = fill(tostring(value), words)
  end
  local root = document(declaration, { path = fill(d.path, words), query = query }, out)
  local times = root ~= nil and stream(d, root, d.streams.time)
  if type(times) ~= "userdata" then
    return
  end
  local to = new_sink()
  local function add(metric, name, element)
    local values = stream(d, root, name)
    if type(values) == "userdata" then
      to:series(times, { metric = metric, times = times, values = values, base = run.item.start,
        element = element, origin = run.item.origin })
    end
  end
  for metric, name in pairs(d.streams) do
    if metric ~= "time" then
      add(metric, name)
    end
  end
  for metric, pair in pairs(d.pairs or {}) do
    add(metric, pair[1], pair[2])
  end
  close(to)
  core.drop(root)
end

-- A document that was posted: the engine hands it over when asked.
function reading.posted(declaration, run, out)
  local posts = declaration.posts or errors.fail "this provider takes no posted documents"
  ask("body", {})
  local doc, why = core.json()
  if doc == nil then
    out.verdict = { word = "drop", reason = "what was posted is no JSON: " .. tostring(why) }
    return
  end
  local to = new_sink()
  posts(doc, handle(to, run.zone))
  close(to)
  core.drop(doc)
end

-- A webhook's request (proved by the engine): what it hints at, { { resource, account, from, to } ... }.
function reading.webhook(declaration, run, out)
  ask("body", {})
  local doc = core.json()
  local req = { headers = run.headers or {}, query = run.query or {},
    json = type(doc) == "userdata" and doc or nil }
  local hook = declaration.webhook or {}
  out.hint = hook.parse and hook.parse(req) or {}
  env.log("webhook")
end

return reading

-- Our own export (JSON lines): records, samples, stated totals and origins, each as it was.
-- Into a home without records groups, revisions and deletions come along; into another each record finds
-- its group there, and what was deleted there stays deleted. Used by the importer, as the other formats.
local fields = require("box.fields")
local connections = require("connections")
local data = require("data")
local home = require("home")
local record = require("record")

local syncwell = { title = "JSON lines of `syncwell export json`" }

-- "steps:strava" is steps of an origin that Strava delivered; units are the line's own.
syncwell.columns = setmetatable({}, { __index = function(_, name)
  local metric, provider = name:match("^([%w_]+):(.*)$")
  return metric and { metric = metric, provider = provider }
end })

function syncwell.start(file)
  return { exact = file and file.exact, zone = file and file.zone, ranks = {}, same = {} }
end

local message = {}

function message.syncwell(state, d, out)
  if state.zone and type(d.zone) == "string" and d.zone ~= state.zone then
    out.note(("exported in the zone %s, this home is in %s"):format(d.zone, state.zone))
  end
end

local function day_of(text)
  local y, m, d = tostring(text):match("^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  return y and sw.time.day(tonumber(y), tonumber(m), tonumber(d))
end

function message.day_total(_, d, out, m)
  local metric = data.metrics()[d.metric]
  if not metric or type(d.unit) ~= "string" or not sw.store.convert(1, d.unit, metric.unit) then
    return out.reject("a day's total of no metric known here, or in a unit that does not fit")
  elseif not m.origin or type(d.value) ~= "number" or not day_of(d.day) then
    return out.reject("a day's total without origin, day or value")
  end
  out.day_total { metric = metric.name, day = d.day, value = d.value, unit = d.unit, origin = m.origin,
    provider = m.provider }
end

local function number(text)
  return type(text) == "string" and text:find("^%x+$") and math.tointeger(tonumber(text, 16)) or 0
end

local function whole(...)
  for _, v in ipairs { ... } do
    if math.type(v) ~= "integer" then
      return false
    end
  end
  return select("#", ...) == 4
end

local function word(text, pattern)
  return type(text) == "string" and #text <= 150 and text:find(pattern) ~= nil
end

local function is_whole(d)
  local c = d.connection
  return whole(d.start_ms or false, d.finish_ms or false, d.offset_start or false, d.offset_finish or false)
    and math.abs(d.offset_start) < 960 and math.abs(d.offset_finish) < 960 and day_of(d.day)
    and word(d.kind, "^%l[%l_]*$") and type(d.external_id) == "string" and type(c) == "table"
    and word(c.provider, "^[%w_%-]+$") and word(c.name, "^%C+$")
end

local REVISION_MOST = 1 << 40 -- one that is counted on must not run over

local states = { open = true, final = true, deleted = true }
local zones = { provider = true, device = true, user = true, unknown = true }

local function row_of(d, m, exact)
  local body = {
    attributes = type(d.attributes) == "table" and record.attributes(d.kind, d.attributes) or nil,
    segments = type(d.segments) == "table" and record.segments(d.segments) or nil }
  return { id = number(d.id), group = exact and number(d.group) or 0, kind = d.kind,
    revision = math.type(d.revision) == "integer" and d.revision > 0 and d.revision <= REVISION_MOST
      and d.revision or 1, type = record.tidy(d.type or d.kind),
    start = d.start_ms, finish = d.finish_ms, offset_start = d.offset_start, offset_finish = d.offset_finish,
    day = day_of(d.day), zone_from = zones[d.zone_from] and d.zone_from or "unknown",
    external_id = d.external_id, state = states[d.state] and d.state or "final",
    may_return = d.may_return and 1 or 0, origin = m.origin, provider = d.connection.provider,
    connection_name = d.connection.name, body = sw.json.encode(body) }
end

function message.record(state, d, out, m)
  if not m.origin or not is_whole(d) or type(d.type or d.kind) ~= "string" then
    return out.reject("a record without times, day, kind, origin, connection or external id")
  elseif d.state ~= "deleted" or state.exact then -- a deletion elsewhere deletes nothing here
    out.row(row_of(d, m, state.exact))
  end
end

-- --- what a person decided and noted ---

local function is_id(v)
  return math.type(v) == "integer" and v > 0
end

local function names_group(name, body)
  return word(name, "^%x+$") and is_id(body)
end

local function optional(v, check)
  return v == nil or check(v)
end

local function is_text(v)
  return type(v) == "string"
end

local checks = { group_choice = names_group, group_alias = names_group }

function checks.goal(name, body)
  local known = data.metrics()[name] and type(body) == "table" and type(body.target) == "number"
  return known and body.period == "day" and { target = body.target, period = "day",
    most = body.most == true or nil }
end

function checks.task(name, body)
  local fine = word(name, "^%x+$") and type(body) == "table" and is_text(body.title)
    and optional(body.due, is_id) and optional(body.done, is_id) and optional(body.made, is_id)
    and optional(body.notes, is_text) and optional(body.rule, is_text)
  return fine and { title = sw.sys.clean(body.title):sub(1, 500), due = body.due, done = body.done,
    made = body.made, notes = body.notes and sw.sys.clean(body.notes, true):sub(1, 4000),
    rule = body.rule and sw.sys.clean(body.rule):sub(1, 100) }
end

-- Groups come along only where their records' do (exact).
function message.document(state, d, out)
  local check = is_text(d.kind) and checks[d.kind]
  local body = check and is_text(d.name) and math.type(d.at) == "integer" and check(d.name, d.body)
  if not body then
    return out.reject("a document of no kind known here, or without what it needs")
  elseif check ~= names_group or state.exact then
    out.document { kind = d.kind, name = d.name, at = d.at,
      body = sw.json.encode(check == names_group and d.body or body) }
  end
end

-- --- what a person said of devices ---

local function is_part(d)
  local from, to = d.from_min, d.to_min
  return from == nil and to == nil or math.type(from) == "integer" and math.type(to) == "integer"
    and from >= 0 and from < 1440 and to >= 0 and to < 1440
end

function message.rank(state, d, out, m)
  local known = d.metric == "" or fields.is_record[d.metric] or data.metrics()[d.metric]
  if not known or not m.origin or math.type(d.place) ~= "integer" or d.place < 1 or d.place > 10
    or not is_part(d) then
    return out.reject("a rank of no metric known here, or without its origin or place")
  end
  table.insert(state.ranks, { metric = d.metric, place = d.place, origin = m.origin, provider = m.provider,
    from_min = d.from_min, to_min = d.to_min })
end

function message.same(state, d, out, m)
  local is = type(d.is) == "table" and d.is or {}
  for _, name in ipairs { "provider", "name", "maker", "model", "class", "ident" } do
    if not is_text(is[name]) or #is[name] > 200 then
      return out.reject("an origin that is another one, without its name or where it is from")
    end
  end
  if not m.origin or not word(is.provider, "^[%w_%-]+$") then
    return out.reject("an origin that is another one, which is not named")
  end
  local from = { provider = is.provider, name = is.name, maker = is.maker, model = is.model, kind = is.class,
    ident = is.ident }
  table.insert(state.same, { is = from, origin = m.origin, provider = m.provider })
end

-- The ids that origins have here, in the order of the list.
local function ids_of(ctx, list)
  local t = home.txn(ctx)
  for _, origin in ipairs(list) do
    t:origin(origin)
  end
  return t:commit()
end

-- Whole days and parts of them are apart: parts come only where none is ranked yet, or they might overlap.
local function scope(r)
  return r.metric .. (r.from_min and " in parts" or "")
end

local function ranked_already(ctx)
  local done = {}
  for _, r in ipairs(sw.store.ranks(ctx.who)) do
    done[scope(r)] = true
  end
  return done
end

-- Ranks for what nobody ranked here yet.
local function put_ranks(ctx, t, state, ids)
  local done, lists = ranked_already(ctx), {}
  for i, r in ipairs(state.ranks) do
    if not done[scope(r)] then
      local key = ("%s %s %s"):format(r.metric, r.from_min, r.to_min)
      lists[key] = lists[key] or { of = r }
      table.insert(lists[key], { place = r.place, id = ids[i] })
    end
  end
  for _, list in pairs(lists) do
    table.sort(list, function(a, b) return a.place < b.place end)
    for i, r in ipairs(list) do
      list[i] = r.id
    end
    t:origin_rank(list.of.metric, list, list.of.from_min, list.of.to_min)
  end
end

local function put_choices(ctx, state, origin_of)
  local list, n = {}, #state.ranks
  for i, r in ipairs(state.ranks) do
    list[i] = origin_of(r.origin, r.provider)
  end
  for i, s in ipairs(state.same) do
    list[n + 2 * i - 1], list[n + 2 * i] = s.is, origin_of(s.origin, s.provider)
  end
  local ids, why, code = ids_of(ctx, list)
  if not ids then
    return nil, why, code
  end
  local t = home.txn(ctx)
  put_ranks(ctx, t, state, ids)
  for i = 1, #state.same do
    local from, into = ids[n + 2 * i - 1], ids[n + 2 * i]
    if from ~= into then -- they are one here already
      t:origin_merge(from, into)
    end
  end
  return t:commit()
end

function syncwell.message(state, m, out)
  local read = message[m.message]
  if read then
    read(state, m.data, out, m)
  elseif not state.strange then
    state.strange = true
    out.note(("lines of the kind '%s' are not known here and were passed over"):format(m.message))
  end
end

function syncwell.finish() end

-- A service's connection comes without its sign-in: it rests until somebody connects it here.
function syncwell.after(ctx, state, origin_of)
  if #state.ranks + #state.same > 0 then
    local ok, why = put_choices(ctx, state, origin_of)
    if not ok then
      sw.sys.log("warn", "import", "what was said of devices did not come along: " .. tostring(why))
    end
  end
  local t, any = home.txn(ctx), false
  for _, c in ipairs(connections.list(ctx) or {}) do
    if c.state == "active" and not next(c.body) then
      any, c.state = true, "paused"
      c.body.sentence = ("its data came with an import; `syncwell connect %s` signs in"):format(c.provider)
      connections.put(t, c)
    end
  end
  return not any or t:commit()
end

return syncwell

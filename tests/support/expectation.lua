-- An expectation file that knows which of its figures were looked at, and what a home stores, by metric.
--   local e = expectation.open(path);  compare(e.points);  e_unseen = expectation.unseen(e, { file = "why" })
local flow = require("flow")

local json = sw.json
local expectation = { problems = {} }

function expectation.check(ok, text, ...)
  if not ok then
    expectation.problems[#expectation.problems + 1] = text:format(...)
  end
  return ok
end

function expectation.close(a, b, tolerance)
  return type(a) == "number" and type(b) == "number" and math.abs(a - b) <= tolerance
end

-- "laps[].start": the members of a list share one path.
local function below(path, key)
  if math.type(key) == "integer" then
    return path .. "[]"
  end
  return path == "" and key or path .. "." .. key
end

local tracked = {}

local function track(value, path, seen)
  if type(value) ~= "table" then
    seen[path] = true
    return value
  end
  return setmetatable({}, {
    __index = function(_, key)
      if value[key] ~= nil then
        return track(value[key], below(path, key), seen)
      end
    end,
    __len = function()
      return #value
    end,
    __pairs = function(t)
      return function(_, key)
        local k = next(value, key)
        if k ~= nil then
          return k, t[k]
        end
      end, t
    end,
    __name = tracked, value = value,
  })
end

-- instead: changes what is expected before anyone looks (a file judged otherwise)
function expectation.open(path, instead)
  local plain, seen = json.decode(assert(flow.read(path))), {}
  if instead then
    instead(plain)
  end
  return track(plain, "", seen), { plain = plain, seen = seen }
end

-- The plain table behind a part of an expectation, all of it looked at.
function expectation.plain(part)
  local m = getmetatable(part)
  if not m or m.__name ~= tracked then
    return part
  end
  local copy = {}
  for k, v in pairs(part) do
    copy[k] = expectation.plain(v)
  end
  return copy
end

local function leaves(value, path, list)
  if type(value) ~= "table" then
    list[path] = true
  else
    for k, v in pairs(value) do
      leaves(v, below(path, k), list)
    end
  end
  return list
end

local function named(path, reasons)
  local part = path
  while part do
    if reasons[part] then
      return true
    end
    part = part:match("^(.*)%.[^.]*$") or part:match("^(.+)%[%]$")
  end
end

-- Paths with a value that nobody looked at and that no reason names (a reason holds for all below it).
function expectation.unseen(book, reasons)
  local list = {}
  for path in pairs(leaves(book.plain, "", {})) do
    if not book.seen[path] and not named(path, reasons) then
      list[#list + 1] = path
    end
  end
  table.sort(list)
  return list
end

function expectation.all_seen(book)
  for path in pairs(leaves(book.plain, "", {})) do
    book.seen[path] = true
  end
end

-- ms since 1970 of "2018-04-10T17:15:21Z", with parts of a second if there are any
function expectation.ms(text)
  local y, mo, d, h, mi, s = text:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):([%d.]+)Z$")
  local seconds = tonumber(s)
  local days = sw.time.day(tonumber(y), tonumber(mo), tonumber(d))
  return ((days * 24 + h) * 60 + mi) * 60000 + math.floor(seconds * 1000 + 0.5) // 1
end

local scales

local function scale_of(metric)
  if not scales then
    scales = {}
    for _, name in ipairs(sw.fs.list(flow.root .. "/lua/metrics")) do
      for _, m in ipairs(name:find("%.lua$") and dofile(flow.root .. "/lua/metrics/" .. name) or {}) do
        scales[m.name] = m.scale
      end
    end
  end
  return scales[metric]
end

local function measure(s)
  s.n, s.sum, s.min, s.max = #s, 0, math.huge, -math.huge
  for _, x in ipairs(s) do
    s.sum, s.min, s.max = s.sum + x.value, math.min(s.min, x.value), math.max(s.max, x.value)
  end
  s.mean = s.n > 0 and s.sum / s.n or nil
end

local function no_samples()
  return { n = 0, sum = 0, min = math.huge, max = -math.huge }
end

-- What the dump holds: samples by metric in order of time ({ ms, dur, value, offset } with n, sum, min, max,
-- mean), records by kind in order of start, roll-ups by metric, origin and day, totals of days, origins.
function expectation.stored(dump)
  local got = { samples = setmetatable({}, { __index = no_samples }), days = {}, totals = {}, origins = {},
    records = setmetatable({}, { __index = function() return {} end }) }
  for line in dump:gmatch("[^\n]+") do
    local r = json.decode(line)
    if r.table == "samples" then
      local list = rawget(got.samples, r.metric) or {}
      for _, x in ipairs(r.at) do
        list[#list + 1] = { ms = x[1], dur = x[2], value = x[3] / scale_of(r.metric), offset = x[4],
          origin = r.origin }
      end
      got.samples[r.metric] = list
    elseif r.table == "rollup" and r.origin ~= "" then
      got.days[("%s %s %d"):format(r.metric, r.origin, r.day)] = r
    elseif r.table == "day_total" then
      got.totals[("%s %d"):format(r.metric, r.day)] = r.total
    elseif r.table == "record" then
      r.attributes, r.segments = r.body.attributes or {}, r.body.segments or {}
      got.records[r.kind] = rawget(got.records, r.kind) or {}
      table.insert(got.records[r.kind], r)
    elseif r.table == "origin" then
      got.origins[#got.origins + 1] = r
    end
  end
  for _, list in pairs(got.records) do
    table.sort(list, function(a, b)
      return a.start < b.start
    end)
  end
  for _, s in pairs(got.samples) do
    table.sort(s, function(a, b)
      return a.ms < b.ms or a.ms == b.ms and a.value < b.value
    end)
    measure(s)
  end
  return got
end

-- { samples, mean, min, max } of an expectation against what is stored of a metric
function expectation.same_stream(s, want, slack, what)
  if want then
    local n, mean, min, max = want.samples, want.mean, want.min, want.max
    local function same(got, wanted)
      return wanted == nil or expectation.close(got, wanted, slack)
    end
    expectation.check(s.n == n and (n == 0 or same(s.mean, mean) and same(s.min, min) and same(s.max, max)),
      "%s: %d of mean %s, %s to %s; not %d of mean %s, %s to %s", what, s.n, tostring(s.mean), s.min, s.max,
        n,
      tostring(mean), tostring(min), tostring(max))
  end
end

return expectation

-- The conformance body's hands: a provider file in its box, answers given by the test, what it hands over.
--   local p = conformance.load("strava");  local got = conformance.page(p, "activities", { "[...]" })
--   got.records, got.days, got.samples, got.rejected, got.verdict, got.error, got.requests
local flow = require("flow")
local zones = require("zones")

local conformance = {}

local json = sw.json
local ZONE = "Europe/Berlin"

-- The files of providers/, those that begin with an underscore left out.
function conformance.files()
  local list = {}
  for _, name in ipairs(sw.fs.list(flow.root .. "/providers")) do
    list[#list + 1] = name:match("^(%l[%l%d%-]*)%.lua$")
  end
  table.sort(list)
  return list
end

function conformance.load(id)
  local source = assert(flow.read(flow.root .. "/providers/" .. id .. ".lua"))
  local p = { id = id, package = "conformance/" .. id, script = "providers/" .. id .. ".lua", source = source }
  local results = assert(sw.box.load("tester", p.package, { { name = p.script, source = source } }))
  local r = results[1]
  if not r.ok then
    error(r.error.text or r.error.message, 0)
  end
  p.declaration = r.out.declaration
  return p
end

local function unpacked(c)
  local list = {}
  for i = 1, #c.start // 8 do
    local offset = ("<i2"):unpack(c.offset, i * 2 - 1)
    list[i] = { start = ("<i8"):unpack(c.start, i * 8 - 7), dur = ("<i8"):unpack(c.dur, i * 8 - 7),
      value = ("<d"):unpack(c.value, i * 8 - 7), offset = offset ~= -32768 and offset or nil }
  end
  return list
end

local take = {}

function take.records(got, list)
  for _, d in ipairs(list) do
    got.records[#got.records + 1] = d
  end
end

function take.days(got, list)
  for _, d in ipairs(list) do
    got.days[#got.days + 1] = d
  end
end

function take.samples(got, c)
  for _, s in ipairs(unpacked(c)) do
    s.metric, s.unit, s.origin = c.metric, c.unit, c.origin
    got.samples[#got.samples + 1] = s
  end
  for reason, n in pairs(c.rejected or {}) do
    got.rejected[reason] = (got.rejected[reason] or 0) + n
  end
end

function take.reject(got, r)
  got.rejected[r.reason] = (got.rejected[r.reason] or 0) + (r.n or 1)
end

local function run(p, spec, got, answer)
  local now = spec.at
  spec.script, spec.user, spec.offset_min = p.script, "tester", sw.time.offset(ZONE, now)
  spec.zone = zones.between(ZONE, now - 400 * 86400000, now + 86400000)
  local results, message = sw.box.run("tester", p.package, { { cpu_ms = 5000, spec = spec } }, function(call, _, name, args)
    local body, reply = answer(name, args)
    if take[name] then
      take[name](got, args)
    elseif body then
      sw.box.body(call, body)
    end
    sw.box.reply(call, true, reply or true)
  end)
  local r = results and results[1] or { ok = false, error = { text = message }, out = {} }
  got.error = not r.ok and (r.error.text or r.error.message) or nil
  local out = type(r.out) == "table" and r.out or {}
  got.verdict, got.next, got.empty, got.account, got.hint, got.log = out.verdict, out.next, out.empty, out.account, out.hint, out.log
  got.result, got.status = out.result, out.status
  return got
end

local function fresh()
  return { records = {}, days = {}, samples = {}, rejected = {}, requests = {} }
end

-- A window of whole days that ends with the day of `now`.
function conformance.window(now, days)
  local last = sw.time.day_of(now, sw.time.offset(ZONE, now))
  local first = last - (days or 7) + 1
  return { first = first, last = last, from = sw.time.day_start(ZONE, first), to = now,
    first_day = sw.time.day_text(first), last_day = sw.time.day_text(last) }
end

-- One resource, all its pages: answers are texts, or { status, headers, body }.
function conformance.page(p, resource, answers, now)
  local got, page = fresh(), nil
  for n = 1, #answers + 5 do
    run(p, { op = "page", resource = resource, page = page, at = now, window = conformance.window(now), account = "1" }, got,
      function(name, args)
        if name == "http" then
          got.requests[#got.requests + 1] = args
          local a = answers[n] or got.past or "[]"
          a = type(a) == "table" and a or { body = a }
          return a.body or "", { status = a.status or 200, headers = a.headers or { ["content-type"] = "application/json" } }
        end
      end)
    page = got.next
    if got.error or got.verdict or page == nil then
      got.pages = n
      return got
    end
  end
  got.error = "its paging does not end"
  return got
end

function conformance.posted(p, body, now)
  return run(p, { op = "posted", at = now }, fresh(), function(name)
    return name == "body" and body or nil
  end)
end

function conformance.account(p, body, now)
  return run(p, { op = "account", at = now }, fresh(), function()
    return body, { status = 200, headers = {} }
  end)
end

-- The streams of one record: item is { id, start } as the listing gave it.
function conformance.detail(p, resource, item, answer, now)
  local got = fresh()
  local a = type(answer) == "table" and answer or { body = answer }
  return run(p, { op = "detail", resource = resource, item = item, at = now }, got, function(name, args)
    if name == "http" then
      got.requests[#got.requests + 1] = args
      return a.body or "", { status = a.status or 200, headers = a.headers or {} }
    end
  end)
end

-- One write; answers by turn, the last of them for all that follow: { status, headers, body }.
function conformance.write(p, what, entry, answers, now)
  local got = fresh()
  return run(p, { op = "write", what = what, entry = entry, at = now }, got, function(name, args)
    if name == "http" then
      got.requests[#got.requests + 1] = args
      local a = answers[math.min(#got.requests, #answers)]
      return a.body or "", { status = a.status, headers = a.headers or {} }
    end
  end)
end

function conformance.webhook(p, request, now)
  return run(p, { op = "webhook", at = now, headers = request.headers, query = request.query }, fresh(), function(name)
    return name == "body" and request.body or nil
  end)
end

-- --- comparing ---

local function rounded(v)
  if type(v) == "number" then
    local r = math.floor(v * 1e6 + 0.5) / 1e6
    return r == math.floor(r) and math.abs(r) < 2 ^ 53 and math.floor(r) or r
  elseif type(v) == "table" then
    local out = {}
    for k, x in pairs(v) do
      out[k] = rounded(x)
    end
    return out
  end
  return v
end

-- Everything handed over as sorted lines, so that order does not matter.
function conformance.lines(got)
  local list = {}
  for _, what in ipairs { "records", "days", "samples" } do
    for _, one in ipairs(got[what]) do
      list[#list + 1] = what .. " " .. json.encode(rounded(one))
    end
  end
  table.sort(list)
  return list
end

function conformance.text(got)
  return table.concat(conformance.lines(got), "\n")
end

-- Lines of `a` that `b` lacks, each counted.
function conformance.missing(a, b)
  local have, out = {}, {}
  for _, line in ipairs(conformance.lines(b)) do
    have[line] = (have[line] or 0) + 1
  end
  for _, line in ipairs(conformance.lines(a)) do
    if (have[line] or 0) > 0 then
      have[line] = have[line] - 1
    else
      out[#out + 1] = line
    end
  end
  return out
end

return conformance

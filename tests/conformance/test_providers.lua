-- SPDX-License-Identifier: MIT
-- One body for every file of providers/: what each must do whatever the service, by the sample answers of
-- tests/providers/<id>.lua. A provider without samples fails here.
local conformance = require("conformance")
local data = require("data")
local fields = require("box.fields")
local flow = require("flow")
local proof = require("proof")
local pull = require("pull")

local json = sw.json
local DAY = 86400000
local CANARY = "canary-0f51d8a7c3e9"

-- A day for samples: { date = "2026-03-08", ms = its UTC midnight }.
local function a_day(ms)
  return { date = sw.time.day_text(ms // DAY), ms = ms // DAY * DAY, next_date = sw.time.day_text(ms // DAY + 1),
    before = sw.time.day_text(ms // DAY - 1) }
end

local FIXED = a_day(assert(sw.time.parse("2026-03-08T00:00:00Z")))
local NOW = FIXED.ms + DAY + 12 * 3600000

local function samples_of(id, day)
  local chunk, message = loadfile(("%s/tests/providers/%s.lua"):format(flow.root, id), "t")
  if not chunk then
    error(("%s has no sample answers: write tests/providers/%s.lua (%s)"):format(id, id, message), 0)
  end
  return chunk()(day or FIXED)
end

local function ok(got, where)
  if got.error then
    error(("%s raised: %s"):format(where, got.error), 0)
  end
  return got
end

-- --- changing documents ---

local NULL = json.null

local function copy(v)
  if type(v) ~= "table" then
    return v
  end
  local to = setmetatable({}, getmetatable(v))
  for k, x in pairs(v) do
    to[k] = copy(x)
  end
  return to
end

-- Every place in a document: { path of keys }, depth first, lists by their first two elements only.
local function places(v, path, out)
  for k, x in pairs(type(v) == "table" and v or {}) do
    if math.type(k) ~= "integer" or k <= 2 then
      local here = table.move(path, 1, #path, 1, {})
      here[#here + 1] = k
      out[#out + 1] = here
      places(x, here, out)
    end
  end
  return out
end

local function changed(doc, path, value)
  local root = copy(doc)
  local at = root
  for i = 1, #path - 1 do
    at = at[path[i]]
  end
  at[path[#path]] = value
  return root
end

local ODD = { false, "no such thing", 1e300, -1, {}, { { 1 } }, { x = { y = 1 } }, "", 9007199254740993, "2026-13-45T99:00:00Z", "\u{202e}\u{1b}[31m" }

local odd_bodies = { "{}", "null", "[]", "5", '"x"', "[null]", "[[]]", '{"message":"x"}', "[1,2]", "<html>", "", "{", "[{}]", '{"data":{}}' }

local function items_of(read, doc)
  local at = doc
  for name in (read.items or ""):gmatch("[^.]+") do
    at = at[name]
  end
  return at
end

local function with_extra(v)
  if type(v) ~= "table" then
    return v
  end
  local to = setmetatable({}, getmetatable(v))
  for k, x in pairs(v) do
    to[k] = with_extra(x)
  end
  if #v == 0 and next(v) ~= nil then
    to.something_new, to.zz_more = { deep = { 1, 2 } }, "x"
  end
  return to
end

-- --- what was expected ---

local function by_id(list)
  local out = {}
  for _, r in ipairs(list) do
    out[r.id] = r
  end
  return out
end

local function instant(v)
  return type(v) == "string" and assert(sw.time.parse(v), v) or v
end

local function near(where, got, wanted)
  if type(wanted) == "number" and type(got) == "number" then
    if math.abs(got - wanted) > 1e-6 * math.max(1, math.abs(wanted)) then
      error(("%s: expected %s, got %s"):format(where, wanted, got), 0)
    end
  elseif got ~= wanted then
    error(("%s: expected %s, got %s"):format(where, tostring(wanted), tostring(got)), 0)
  end
end

local function same_record(where, got, wanted)
  if not got then
    error(where .. " is missing", 0)
  end
  near(where .. " start", got.start, instant(wanted.start))
  near(where .. " finish", got.finish, instant(wanted.finish))
  near(where .. " offset", got.offset, wanted.offset)
  near(where .. " kind", got.kind, wanted.kind)
  for name, v in pairs(wanted.attributes or {}) do
    near(where .. " " .. name, got.attributes[name], v)
  end
  for name, v in pairs(got.attributes or {}) do
    if (wanted.attributes or {})[name] == nil then
      error(("%s has %s = %s, which nobody expects"):format(where, name, tostring(v)), 0)
    end
  end
  if wanted.stages then
    local stages = {}
    for i, s in ipairs(got.segments or {}) do
      stages[i] = s.stage
    end
    near(where .. " stages", table.concat(stages, " "), wanted.stages)
  end
end

-- In the metric's own unit, as the engine stores it.
local function own_unit(one)
  local metric = data.metrics()[one.metric] or error("there is no metric " .. tostring(one.metric), 0)
  local v = sw.store.convert(one.value, one.unit or metric.unit, metric.unit)
  return v or error(("%s in '%s' does not become '%s'"):format(one.metric, tostring(one.unit), metric.unit), 0)
end

local function check_expected(where, got, wanted)
  local records, n = by_id(got.records), 0
  for _, w in ipairs(wanted.records or {}) do
    same_record(("%s record %s"):format(where, w.id), records[w.id], w)
    n = n + 1
  end
  near(where .. ": records", #got.records, n)
  n = 0
  for metric, rows in pairs(wanted.samples or {}) do
    local mine = {}
    for _, s in ipairs(got.samples) do
      mine[#mine + 1] = s.metric == metric and s or nil
    end
    near(("%s: samples of %s"):format(where, metric), #mine, #rows)
    table.sort(mine, function(a, b) return a.start < b.start end)
    for i, row in ipairs(rows) do
      local what = ("%s %s %d"):format(where, metric, i)
      near(what .. " start", mine[i].start, instant(row[1]))
      near(what .. " value", own_unit(mine[i]), row[2])
      near(what .. " length", mine[i].dur, (row[3] or 0) * 1000)
    end
    n = n + #rows
  end
  near(where .. ": samples", #got.samples, n)
  n = 0
  local days = {}
  for _, d in ipairs(got.days) do
    days[d.metric .. " " .. d.day] = own_unit(d)
  end
  for metric, rows in pairs(wanted.days or {}) do
    for day, v in pairs(rows) do
      near(("%s %s of %s"):format(where, metric, day), days[metric .. " " .. day], v)
      n = n + 1
    end
  end
  near(where .. ": day values", #got.days, n)
  local reasons = {}
  for reason, k in pairs(got.rejected) do
    reasons[#reasons + 1] = reason .. "=" .. k
  end
  table.sort(reasons)
  near(where .. ": rejected", table.concat(reasons, "; "), wanted.rejected or "")
end

local function plausible(where, got, kind, odd)
  for _, r in ipairs(got.records) do
    local known = fields.of(r.kind)
    for name in pairs(r.attributes or {}) do
      if not known[name] then
        error(("%s: a %s has no field '%s'"):format(where, r.kind, name), 0)
      end
    end
    near(where .. ": id is a text", type(r.id), "string")
    if kind then
      near(where .. ": kind", r.kind, kind)
    end
  end
  for _, what in ipairs { "days", "samples" } do
    for _, one in ipairs(odd and {} or got[what]) do
      own_unit(one)
    end
  end
end

-- What was recorded of a service's answers, or a failure that says what to record.
local function recorded(id, list, part, name, shape)
  local there = list and (name and list[name] or not name and list[part])
  if not there then
    error(("%s declares %s%s and nothing is recorded of it: put %s%s = %s into tests/providers/%s.lua"):format(id, part,
      name and " for " .. name or "", part, name and "." .. name or "", shape, id), 0)
  end
  return there
end

-- Everything that is named as wanted; what is not named may be as it likes.
local function same_request(where, got, wanted)
  near(where .. " method", got.method, wanted.method)
  near(where .. " path", got.path, wanted.path)
  near(where .. " body", got.body, wanted.body)
  for name, v in pairs(wanted.headers or {}) do
    near(where .. " " .. name, (got.headers or {})[name], v or nil)
  end
end

-- --- the body ---

local function reads_of(p, s, f)
  for name, read in pairs(p.declaration.reads or {}) do
    local sample = (s.reads or {})[name] or error("no sample answer for reads." .. name, 0)
    f(name, read, sample)
  end
end

local function bodies_of(p, s, f)
  reads_of(p, s, function(name, read, sample)
    for _, text in ipairs(sample.answers) do
      f(name, text, function(body) return conformance.page(p, name, { body }, NOW) end, read)
    end
  end)
  for _, post in ipairs(s.posts or {}) do
    f(post.name, post.body, function(body) return conformance.posted(p, body, NOW) end)
  end
end

local function conforms(id)
  local p, s

  it("loads, is named after its file and talks to its hosts by https only", function()
    p = conformance.load(id)
    local d = p.declaration
    expect(d.id).equals(id)
    expect(d.kind).equals("provider")
    expect(type(d.title)).equals("string")
    expect(d.base == nil or d.base:find("^https://") ~= nil).is_true()
    if d.base then
      expect(table.concat(d.hosts, " ")).contains(d.base:match("^https://([^/:]+)"))
    end
    for _, key in ipairs { "authorize", "token", "revoke" } do
      local address = (d.auth or {})[key]
      expect(address == nil or address:find("^https://") ~= nil).is_true()
    end
    expect(type(d.policy)).equals("table")
    expect(d.auth == nil or d.posts ~= nil or #d.limits > 0).is_true()
  end)

  it("has sample answers of its own", function()
    s = samples_of(id)
  end)
  if not p or not s then
    return
  end

  it("maps every field and unit as expected", function()
    reads_of(p, s, function(name, read, sample)
      local got = ok(conformance.page(p, name, sample.answers, NOW), name)
      check_expected(name, got, sample)
      plausible(name, got, read.kind)
    end)
    for _, post in ipairs(s.posts or {}) do
      local got = ok(conformance.posted(p, post.body, NOW), post.name)
      check_expected(post.name, got, post)
      plausible(post.name, got)
    end
  end)

  it("says whose account it is", function()
    if p.declaration.account then
      local got = ok(conformance.account(p, s.account.body, NOW), "account")
      expect(got.account.id).equals(s.account.id)
      expect(got.account.name).equals(s.account.name)
    end
  end)

  it("ends its paging, asks for no page twice, and minds no order of pages", function()
    reads_of(p, s, function(name, read, sample)
      local first = ok(conformance.page(p, name, sample.answers, NOW), name)
      local asked = {}
      for _, r in ipairs(first.requests) do
        local text = json.encode(r)
        near(name .. " asks once for " .. text, asked[text], nil)
        asked[text] = true
        expect(r.path:find("^/") ~= nil or r.path:find("^https://") ~= nil).is_true()
        expect(json.encode(r):find("[{}]from_") == nil and json.encode(r):find("{to_", 1, true) == nil).is_true()
      end
      if read.page and read.page.kind == "pages" then
        local turned = {}
        for i = #sample.answers, 1, -1 do
          turned[#turned + 1] = sample.answers[i]
        end
        expect(flow.difference(conformance.text(first), conformance.text(ok(conformance.page(p, name, turned, NOW), name)))).equals("")
      end
      for _, odd in ipairs(odd_bodies) do
        local got = ok(conformance.page(p, name, { odd, odd, odd }, NOW), name .. " on " .. odd)
        expect(#got.records + #got.days + #got.samples).equals(0)
      end
    end)
  end)

  it("takes what is no list for an answer to ask again for, never for an empty day", function()
    reads_of(p, s, function(name, read)
      if not read.items and not read.fetch then
        for _, odd in ipairs { '{"error":"x"}', "5", "<html>", "" } do
          expect((conformance.page(p, name, { odd }, NOW).verdict or {}).word).equals("retry")
        end
      end
    end)
  end)

  it("minds no unknown field, no order within a list and no null among the items", function()
    bodies_of(p, s, function(name, text, go, read)
      local doc = json.decode(text)
      local base = ok(go(text), name)
      expect(flow.difference(conformance.text(base), conformance.text(ok(go(json.encode(with_extra(doc))), name)))).equals("")
      if read then
        local items = items_of(read, doc)
        local turned = json.list {}
        for i = #items, 1, -1 do
          turned[#turned + 1] = items[i]
        end
        local at = doc
        if not read.items then
          at = turned
        else
          local holder, last = doc, nil
          for part in read.items:gmatch("[^.]+") do
            holder, last = last and holder[last] or holder, part
          end
          holder[last] = turned
        end
        local back = json.encode(at)
        expect(flow.difference(conformance.text(base), conformance.text(ok(go(back), name)))).equals("")
        if not read.items then
          local nulls = "[null," .. text:match("^%s*%[(.*)%]%s*$") .. ",null]"
          expect(flow.difference(conformance.text(base), conformance.text(ok(go(nulls), name)))).equals("")
        end
      end
    end)
  end)

  it("rejects only what is odd: a field that is absent, null or of a wrong kind never raises", function()
    local n = 0
    bodies_of(p, s, function(name, text, go, read)
      local doc = json.decode(text)
      for _, path in ipairs(places(doc, {}, {})) do
        local others
        if read and not read.items and math.type(path[1]) == "integer" then
          local rest = copy(doc)
          table.remove(rest, path[1])
          others = ok(go(json.encode(json.list(rest))), name)
        end
        local values = { table.unpack(ODD) }
        if math.type(path[#path]) ~= "integer" then
          values[#values + 1] = NULL
          values[#values + 1] = { absent = true }
        end
        for _, v in ipairs(values) do
          local value = v
          if type(v) == "table" and v.absent then
            value = nil
          end
          local body = json.encode(changed(doc, path, value))
          local where = ("%s with %s = %s"):format(name, table.concat(path, "."), value == nil and "absent" or json.encode(value))
          local got = ok(go(body), where)
          plausible(where, got, nil, true)
          local lost = others and conformance.missing(others, got) or {}
          if #lost > 0 then
            error(where .. " loses another's: " .. lost[1], 0)
          end
          n = n + 1
        end
      end
    end)
    sw.sys.out(("note %s: %d odd documents\n"):format(id, n))
  end)

  it("keeps ids of 64 bits exact", function()
    reads_of(p, s, function(name, read, sample)
      if read.map and type(read.map.id) == "string" then
        for _, number in ipairs { "9007199254740993", "9223372036854775807", "18446744073709551615" } do
          local mark = ('"%s": *[^,}]+'):format(read.map.id)
          local text = sample.answers[1]:gsub(mark, ('"%s":%s'):format(read.map.id, number), 1)
          local got = ok(conformance.page(p, name, { text }, NOW), name)
          expect(by_id(got.records)[number] ~= nil).is_true()
        end
      end
    end)
  end)

  it("understands statuses: what may come again is asked again, what needs a person says so", function()
    local wanted = { [204] = "empty", [401] = "refresh", [403] = "attention", [429] = "retry", [500] = "retry", [503] = "retry" }
    reads_of(p, s, function(name)
      for status, word in pairs(wanted) do
        local got = ok(conformance.page(p, name, { { status = status, body = "<html>no</html>", headers = {} } }, NOW), name)
        local said = got.verdict and got.verdict.word or got.empty and "empty" or "ok"
        expect(name .. status .. said).equals(name .. status .. word)
      end
    end)
  end)

  it("asks for the streams of a record, and takes no odd answer for samples", function()
    for name, read in pairs(p.declaration.reads or {}) do
      local d = read.detail and recorded(id, s.details, "details", name, "{ item = { id, start }, answer, samples }")
      if d then
        local got = ok(conformance.detail(p, name, d.item, d.answer, NOW), name)
        check_expected(name .. " detail", got, d)
        plausible(name, got)
        near(name .. ": requests", #got.requests, 1)
        expect(got.requests[1].path .. json.encode(got.requests[1].query)).contains(d.item.id)
        for _, odd in ipairs(odd_bodies) do
          got = ok(conformance.detail(p, name, d.item, odd, NOW), name .. " detail on " .. odd)
          expect(#got.samples).equals(0)
        end
        for status, word in pairs { [401] = "refresh", [403] = "attention", [429] = "retry", [503] = "retry" } do
          got = ok(conformance.detail(p, name, d.item, { status = status, body = "<html>" }, NOW), name)
          near(name .. " detail at " .. status, (got.verdict or {}).word, word)
        end
      end
    end
  end)

  it("writes what it can be a destination of, the same each time, and knows what an answer means to it", function()
    for what in pairs(p.declaration.writes or {}) do
      local done
      for _, case in ipairs(recorded(id, s.writes, "writes", what, "a list of { name, entry, answers, requests, result }")) do
        local got = ok(conformance.write(p, what, case.entry, case.answers, NOW), case.name)
        near(case.name .. ": result", got.result, case.result)
        near(case.name .. ": requests", #got.requests, #case.requests)
        for i, wanted in ipairs(case.requests) do
          same_request(("%s, request %d"):format(case.name, i), got.requests[i], wanted)
        end
        done = done or got.result == "done"
        for status, word in pairs { [401] = "reconnect", [403] = "reconnect", [408] = "retry", [429] = "retry", [500] = "retry", [503] = "retry" } do
          got = ok(conformance.write(p, what, case.entry, { { status = status } }, NOW), case.name)
          near(("%s at %d"):format(case.name, status), got.result, word)
        end
      end
      near(("%s.writes.%s: there is a case that ends well"):format(id, what), done, true)
    end
  end)

  it("takes a webhook that is proved, and none that is forged, altered or was sent before", function()
    local hook = p.declaration.webhook
    local w = hook and recorded(id, s, "webhook", nil, "{ key, at, headers, body, hint }")
    if hook and hook.verify then
      local function said(change)
        local request = { headers = copy(w.headers), body = w.body, key = w.key, at = w.at }
        if change then
          change(request)
        end
        return proof.refusal(hook.verify, request.key, request, request.at * 1000)
      end
      local name = hook.verify.header:lower()
      near("a good proof", said(), nil)
      near("an altered body", said(function(r) r.body = r.body:gsub("%d", function(c) return c == "1" and "2" or "1" end, 1) end), "wrong signature")
      near("another's key", said(function(r) r.key = "x" .. r.key end), "wrong signature")
      near("no key", said(function(r) r.key = nil end), "no key to check the signature with")
      near("a cut signature", said(function(r) r.headers[name] = r.headers[name]:sub(1, -2) end), "wrong signature")
      near("an altered signature", said(function(r) r.headers[name] = r.headers[name]:gsub(".$", function(c) return c == "0" and "1" or "0" end) end),
        "wrong signature")
      near("no signature", said(function(r) r.headers[name] = nil end), not hook.verify.optional and "no signature" or nil)
      if hook.verify.timestamp then
        near("sent again after an hour", said(function(r) r.at = r.at + 3600 end), "too old")
        near("dated ahead", said(function(r) r.at = r.at - 3600 end), "too old")
      end
    end
    if hook and hook.parse then
      for _, case in ipairs { w, table.unpack(w.more or {}) } do
        local got = ok(conformance.webhook(p, case, NOW), "webhook")
        near("hint of " .. case.body, json.encode(case.hint), json.encode(got.hint))
      end
      for _, odd in ipairs(odd_bodies) do
        ok(conformance.webhook(p, { headers = w.headers, body = odd }, NOW), "webhook on " .. odd)
      end
    end
  end)

  it("asks for windows that cover any span without gap or overlap", function()
    local seed = 20260301
    local function rnd(n)
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed // 65536 % n
    end
    reads_of(p, s, function(_, read)
      for _, zone in ipairs { "Europe/Berlin", "America/New_York", "Pacific/Auckland", "UTC" } do
        for _ = 1, 60 do
          local now = sw.time.parse("2026-01-05T00:00:00Z") + rnd(330) * DAY + rnd(86400) * 1000
          local from = now - rnd(200) * DAY - rnd(86400) * 1000
          local list = pull.windows({ zone = zone }, read, nil, now, from)
          local at = list[1]
          expect(at.from <= from).is_true()
          for i = 2, #list do
            expect(list[i].from).equals(at.to)
            expect(list[i].first).equals(at.last + 1)
            at = list[i]
          end
          expect(at.to).equals(now)
          for _, w in ipairs(list) do
            expect(w.last - w.first + 1 <= math.max(1, (read.window_s or 30 * 86400) // 86400)).is_true()
          end
        end
      end
    end)
  end)
end

-- --- against a server, by the real program ---

local server_answers, asked

local function respond(request, answer)
  asked[#asked + 1] = request
  local text = server_answers(request)
  answer(text and 200 or 404, { ["Content-Type"] = "application/json" }, text or "{}")
end

local function answering(d, s, turned)
  return function(request)
    if request.path:find("/oauth/token", 1, true) then
      return json.encode { access_token = CANARY .. "-access", refresh_token = CANARY .. "-refresh", token_type = "Bearer", expires_in = 21600 }
    elseif d.account and request.path:find(d.account.path, 1, true) and #request.path - #d.account.path < 30
      and not next(request.query) then
      return s.account.body
    end
    for name, read in pairs(d.reads or {}) do
      if request.path:sub(-#read.path) == read.path then
        local list, n = s.reads[name].answers, 1
        if read.page and read.page.kind == "pages" then
          n = tonumber(request.query[read.page.param or "page"]) - (read.page.first or 1) + 1
        end
        return list[turned and list[n] and #list + 1 - n or n] or "[]"
      end
    end
  end
end

local function connected(p, url)
  local h = flow.home("Europe/Berlin")
  local lines, more = {}, {}
  for name in pairs(p.declaration.secrets or {}) do
    lines[#lines + 1] = CANARY .. "-" .. name
  end
  table.sort(lines)
  if p.declaration.auth.kind == "oauth2" then
    lines, more = { CANARY .. "-client", "the-code" }, { "--client-id", "77", "--paste" }
  end
  local r = flow.beside(("printf '%%s\\n' %s | %s"):format(table.concat(lines, " "), h.command("connect", p.id, "--base-url", url, table.unpack(more))), 60)
  if r.code ~= 0 then
    error(r.out, 0)
  end
  return h
end

local function credential_headers(d)
  return d.auth.kind == "sealed" and d.auth.header:lower() or (d.auth.header or "authorization"):lower()
end

describe("the providers", function()
  for _, id in ipairs(conformance.files()) do
    describe(id, function() conforms(id) end)
  end

  local port = assert(sw.serve.listen("127.0.0.1:0", respond))
  local url = "http://127.0.0.1:" .. port
  for _, id in ipairs(conformance.files()) do
    local loaded, p = pcall(conformance.load, id)
    local d = loaded and p.declaration or {}
    if d.reads and next(d.reads) then
      it(id .. ": a second run adds nothing, pages in another order give the same, secrets stay where they belong", function()
        local s = samples_of(id, a_day(os.time() * 1000 - 2 * DAY))
        asked, server_answers = {}, answering(d, s)
        local h = connected(p, url)
        local dump = h.dump()
        expect(#dump > 100).is_true()
        local again = flow.beside(h.command("--json", "sync", id), 60)
        local said = sw.json.decode(again.out:match("%[.*%]"))
        expect((said[1].error or "") .. (said[1].waiting or "")).equals("")
        expect(said[1].new + said[1].updated).equals(0)
        expect(flow.difference(dump, h.dump())).equals("")
        server_answers = answering(d, s, true)
        local other = connected(p, url)
        expect(flow.difference(dump, other.dump())).equals("")
        for _, r in ipairs(asked) do
          local headers = r.headers
          for name, v in pairs(headers) do
            if name:lower() ~= credential_headers(d) then
              expect(v:find(CANARY, 1, true) == nil).is_true()
            end
          end
          expect((r.path .. json.encode(r.query)):find(CANARY, 1, true) == nil or d.auth.query ~= nil).is_true()
          expect((r.path .. json.encode(r.query) .. json.encode(headers)):find("[\1\2]") == nil).is_true()
          expect(r.path:find("/oauth/token", 1, true) ~= nil or not (r.body or ""):find(CANARY, 1, true)).is_true()
        end
        h.remove()
        other.remove()
      end)
    end
  end
  sw.serve.close()
end)

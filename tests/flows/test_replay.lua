-- The replay server itself: what other flows rely on when they play a service.
local flow = require("flow")
local replay = require("replay_server")

local NOON = 1767268800000 -- 2026-01-01T12:00:00Z
local BASIC = { Authorization = "Basic QVBJX0tFWTprZXk=" } -- API_KEY:key
-- the pair of RFC 7636, appendix B
local VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

local server = replay.start()

local function call(path, headers, form, method)
  local parts = {}
  for k, v in pairs(form or {}) do
    parts[#parts + 1] = k .. "=" .. v
  end
  local r, message = sw.http.request { url = server.url .. path, administrator = true, headers = headers,
    method = method or (form and "POST"), body = form and table.concat(parts, "&"), timeout_ms = 5000 }
  return r and r.status, r and (sw.json.decode(r.body) or r.body), r and r.headers or message
end

local function header(headers, name)
  for k, v in pairs(headers) do
    if k:lower() == name:lower() then
      return v
    end
  end
end

local function fresh(order)
  order.reset, order.clock = true, order.clock or NOON
  server.control(order)
end

local function ids(list)
  local out = {}
  for i, x in ipairs(list) do
    out[i] = x.id
  end
  return out
end

local function rides(n)
  local list = {}
  for i = 1, n do
    list[i] = { id = i, start_date = ("2026-01-01T%02d:00:00Z"):format(i), description = "only in the detail" }
  end
  return list
end

-- Sign in and give back the token answer.
local function sign_in(more)
  local q = { "/oauth/authorize?response_type=code&client_id=1&state=abc&scope=activity:read&redirect_uri=",
    server.url, "/sink/back", more and more.query or "" }
  call(table.concat(q))
  local back = server.requests("/sink/back")
  local form = { grant_type = "authorization_code", code = back[#back].query.code, client_id = "1",
    client_secret = "client-secret", code_verifier = more and more.verifier }
  return call("/oauth/token", nil, form)
end

local function renew(token, more)
  local form = { grant_type = "refresh_token", refresh_token = token, client_id = "1", client_secret = "client-secret" }
  for k, v in pairs(more or {}) do
    form[k] = v
  end
  return call("/oauth/token", nil, form)
end

describe("the replay server", function()
  it("plays intervals.icu by date window, and refuses another key", function()
    fresh { set = { intervals = { activities = { { id = "a", start_date_local = "2026-01-01T08:00:00" },
      { id = "b", start_date_local = "2026-01-02T23:59:59" }, { id = "c", start_date_local = "2026-01-03T00:00:00" } },
      wellness = { { id = "2026-01-01", weight = 80 } } } } }
    local status, list = call("/api/v1/athlete/0/activities?oldest=2026-01-01&newest=2026-01-02", BASIC)
    expect(status).equals(200)
    expect(ids(list)).equals { "b", "a" }
    expect(call("/api/v1/athlete/0/activities?oldest=2026-01-01", { Authorization = "Bearer key" })).equals(403)
    server.control { add = { intervals = { wellness = { { id = "2026-01-01", weight = 81 }, { id = "2025-12-31", weight = 82 } } } } }
    local _, days = call("/api/v1/athlete/0/wellness?oldest=2025-12-01", BASIC)
    expect(ids(days)).equals { "2025-12-31", "2026-01-01" }
    expect(days[2].weight).equals(81)
  end)

  it("plays Strava's pages, newest first unless after is given, details only in the detail", function()
    fresh { set = { strava = { activities = rides(5), tokens = { t = "activity:read" } } } }
    local bearer = { Authorization = "Bearer t" }
    local _, list = call("/api/v3/athlete/activities?per_page=2&page=2", bearer)
    expect(ids(list)).equals { 3, 2 }
    expect(list[1].description).is_nil()
    _, list = call("/api/v3/athlete/activities?after=1767232800", bearer) -- 02:00
    expect(ids(list)).equals { 3, 4, 5 }
    server.control { set = { strava = { short_pages = 2 } } }
    _, list = call("/api/v3/athlete/activities?per_page=4&page=1", bearer)
    expect(ids(list)).equals { 5, 4 }
    local _, one = call("/api/v3/activities/3", bearer)
    expect(one.description).equals("only in the detail")
    expect((call("/api/v3/activities/3/streams?keys=time", bearer))).equals(404)
    expect((call("/api/v3/activities/3", { Authorization = "Bearer other" }))).equals(401)
  end)

  it("counts both of Strava's limits by quarter hour and day", function()
    fresh { set = { strava = { tokens = { t = "read" }, limits = { overall = { 9, 90 }, read = { 2, 3 } } } } }
    local bearer = { Authorization = "Bearer t" }
    call("/api/v3/athlete", bearer)
    local status, _, headers = call("/api/v3/athlete", bearer)
    expect(status).equals(200)
    expect(header(headers, "X-ReadRateLimit-Usage")).equals("2,2")
    expect(header(headers, "X-RateLimit-Limit")).equals("9,90")
    expect((call("/api/v3/athlete", bearer))).equals(429)
    server.control { advance = 900000 }
    expect((call("/api/v3/athlete", bearer))).equals(429) -- the day is used up
    server.control { advance = 86400000 }
    expect((call("/api/v3/athlete", bearer))).equals(200)
    expect(server.stats().strava.limit_exceeded).equals(2)
  end)

  it("rotates refresh tokens and ends the family of one that was used twice", function()
    fresh { set = { oauth = { expires_in = 60 } } }
    local status, got = sign_in { query = "&code_challenge_method=S256&code_challenge=" .. CHALLENGE, verifier = VERIFIER }
    expect(status).equals(200)
    expect((call("/api/v3/athlete", { Authorization = "Bearer " .. got.access_token }))).equals(200)
    server.control { advance = 60000 }
    expect((call("/api/v3/athlete", { Authorization = "Bearer " .. got.access_token }))).equals(401)
    local _, second = renew(got.refresh_token)
    expect((call("/api/v3/athlete", { Authorization = "Bearer " .. second.access_token }))).equals(200)
    local refused, why = renew(got.refresh_token)
    expect({ refused, why.error }).equals { 400, "invalid_grant" }
    expect((call("/api/v3/athlete", { Authorization = "Bearer " .. second.access_token }))).equals(401)
    expect((renew(second.refresh_token))).equals(400)
    expect(server.stats().oauth.tokens[got.refresh_token]).equals { uses = 2, ok = 1 }
  end)

  it("checks the verifier, the client and the user's no", function()
    fresh {}
    expect((sign_in { query = "&code_challenge_method=S256&code_challenge=" .. CHALLENGE, verifier = "wrong" })).equals(400)
    local status, why = renew("none", { client_secret = "wrong" })
    expect({ status, why.error }).equals { 401, "invalid_client" }
    fresh { set = { oauth = { deny = true } } }
    sign_in()
    expect(server.requests("/sink/back")[1].query).equals { error = "access_denied", state = "abc" }
  end)

  it("has stable refresh tokens, ones that want the scope, and wrapped answers", function()
    fresh { set = { oauth = { refresh = "stable", scope_again = true } } }
    local _, got = sign_in()
    expect((renew(got.refresh_token))).equals(400)
    local _, again = renew(got.refresh_token, { scope = "activity:read" })
    expect(again.refresh_token).equals(got.refresh_token)
    fresh { set = { oauth = { wrapped = true } } }
    local status, wrapped = renew("none", { action = "requesttoken" })
    expect({ status, wrapped.status }).equals { 200, 503 }
  end)

  it("loses the answer to a refresh that it has done", function()
    fresh { keep_alive = false }
    local _, got = sign_in()
    server.control { fail = { path = "/oauth/token", how = "close-after-reading" } }
    expect((renew(got.refresh_token))).is_nil()
    expect((renew(got.refresh_token))).equals(400)
    local log = server.requests("/oauth/token")
    expect(log[#log - 1].how).equals("close-after-reading")
    expect(log[#log - 1].status).equals(0)
  end)

  it("plays Nightscout's newest entries, and skips what is dated ahead", function()
    local list = {}
    for i = 1, 14 do
      list[i] = { _id = tostring(i), type = "sgv", sgv = 100 + i, date = NOON - i * 300000 + 600000 }
    end
    fresh { set = { nightscout = { secret = "open sesame", entries = list } } }
    local proof = { ["api-secret"] = flow.sh("printf 'open sesame' | sha1sum").out:match("%x+") }
    local _, got = call("/api/v1/entries.json", proof)
    expect({ #got, got[1].sgv }).equals { 10, 102 }
    _, got = call(("/api/v1/entries.json?count=100&find%%5Bdate%%5D%%5B$gte%%5D=%d"):format(NOON - 600000), proof)
    expect(#got).equals(3)
    expect((call("/api/v1/entries.json", { ["api-secret"] = "x" }))).equals(401)
    expect((call("/api/v3/entries?limit=2&sort$desc=date", proof))).equals(200)
  end)

  it("fails as told, for as long as told, then is well", function()
    for _, case in ipairs { { "status:500", 500 }, { "html", 200 }, { "html:502", 502 }, { "reset" }, { "close-before-answer" }, { "truncated" } } do
      fresh { keep_alive = false, fail = { path = "/sink/x", how = case[1] } }
      expect((call("/sink/y"))).equals(200)
      expect((call("/sink/x"))).equals(case[2])
      expect((call("/sink/x"))).equals(200)
    end
    fresh { fail = { path = "/sink/", how = "slow:0.3", times = 1 } }
    local began = sw.time.mono()
    expect((call("/sink/x"))).equals(200)
    expect(sw.time.mono() - began >= 300).is_true()
  end)

  it("tells a limit in each of the ways services do", function()
    for kind, case in pairs {
      ["retry-after"] = { "Retry-After", "30" }, ["reset-epoch"] = { "X-RateLimit-Reset", tostring(NOON // 1000 + 30) },
      ["retry-after-date"] = { "Retry-After", "Thu, 01 Jan 2026 12:00:30 GMT" }, ["reset-left"] = { "X-RateLimit-Reset", "30" },
      ratelimit = { "RateLimit", '"default";r=0;t=30' }, ["ratelimit-triple"] = { "RateLimit-Reset", "30" },
      none = { "Retry-After", nil } } do
      fresh { fail = { path = "/sink/", how = "status:429", limit = kind .. ":30" } }
      local status, _, headers = call("/sink/x")
      expect({ status, header(headers, case[1]) }).equals { 429, case[2] }
    end
  end)

  it("shakes hands with a callback that echoes, and delivers signed events to it", function()
    local seen = {}
    local port = assert(sw.serve.listen("127.0.0.1:0", function(request, answer)
      seen[#seen + 1] = request
      answer(200, {}, sw.json.encode { ["hub.challenge"] = request.query["hub.challenge"] })
    end))
    fresh {}
    local form = { client_id = "1", client_secret = "client-secret", verify_token = "v",
      callback_url = ("http://127.0.0.1:%d/in"):format(port) }
    local status, made = call("/api/v3/push_subscriptions", nil, form)
    expect({ status, made.id }).equals { 201, 1 }
    expect(seen[1].query["hub.verify_token"]).equals("v")
    local said = server.control { deliver = { object_type = "activity", aspect_type = "create", object_id = 7 } }
    expect(said.statuses).equals { 200 }
    expect(sw.json.decode(seen[2].body).object_id).equals(7)
    expect(seen[2].headers["x-strava-signature"]:match("^t=%d+,v1=%x+$")).equals(seen[2].headers["x-strava-signature"])
    expect((call("/api/v3/push_subscriptions", nil, form))).equals(400) -- one for an app
  end)

  it("writes down what came, takes notes as ntfy does, and knows no other path", function()
    fresh {}
    call("/ntfy/topic", { Title = "hello" }, { text = "1" })
    expect((call("/nowhere"))).equals(404)
    local log
    repeat -- the answer goes out before its status is written down
      log = server.log()
    until log[1].status ~= 0
    expect(log[1].headers.title).equals("hello")
    expect({ log[1].n, log[1].at, log[1].method, log[1].body, log[1].status }).equals { 1, NOON, "POST", "text=1", 200 }
    expect(server.stats().unknown).equals(1)
    expect(#server.clear()).equals(0)
  end)

  it("says what is wrong with an order", function()
    for order, word in pairs { [{ set = { stravva = {} } }] = "stravva", [{ set = { strava = { activity = {} } } }] = "activities",
      [{ fail = { how = "sulk" } }] = "sulk" } do
      local ok, message = pcall(server.control, order)
      expect(ok).equals(false)
      expect(message).contains(word)
    end
  end)

  it("ends without complaint", function()
    server.stop()
    expect((call("/_stats"))).is_nil()
  end)
end)

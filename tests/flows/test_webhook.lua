-- What is posted to us while `serve` runs: a service's webhooks are hints that are proved, phones bring data.
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

local DAY, HOUR = live.DAY, live.HOUR
local server = replay.start()

local function free_port()
  return tonumber(flow.sh("python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'").out)
end

-- `serve` on the port that public_url names, so that the addresses which are told are true.
local function serving(h)
  local p = live.spawn(h.command("serve", "--listen", "127.0.0.1:" .. h.port))
  p.await("listening on")
  return p
end

local function home()
  local h = flow.home("UTC")
  h.port = free_port()
  flow.write(h.dir .. "/config.lua", ('return { public_url = "http://127.0.0.1:%d" }'):format(h.port))
  return h
end

local function post(url, body, headers)
  local r = assert(sw.http.request { url = url, method = "POST", body = body, headers = headers or {}, administrator = true })
  return r.status, r.body
end

local function get(url)
  local r = assert(sw.http.request { url = url, administrator = true })
  return r.status, r.body
end

local function signature(body, seconds, key)
  local t = tostring(seconds or os.time())
  return { ["X-Strava-Signature"] = ("t=%s,v1=%s"):format(t, sw.crypto.hex(sw.crypto.hmac_sha256(key or "client-secret", t .. "." .. body))) }
end

local function event(more)
  local e = { object_type = "activity", aspect_type = "create", object_id = 1, owner_id = 1, updates = {}, event_time = os.time(),
    subscription_id = 1 }
  for k, v in pairs(more or {}) do
    e[k] = v
  end
  return sw.json.encode(e)
end

local function listings()
  return #server.requests("/api/v3/athlete/activities")
end

-- No sync and no ingest waits or runs, and no further request comes.
local function settled(h)
  return live.wait(20, function()
    local log = listings()
    sw.sys.sleep(400)
    return #(sw.fs.list(h.dir .. "/inbox") or {}) == 0 and listings() == log
  end)
end

local function connected(activities)
  server.control { reset = true, set = { strava = { activities = activities or {} } } }
  local h = home()
  local r = live.strava(h, server)
  assert(r.code == 0, r.out .. r.err)
  return h, h.json("connections", "webhook", "strava")
end

local function noon(n)
  return (os.time() // 86400 - n) * DAY + 12 * HOUR
end

describe("a webhook", function()
  it("has an address that is told, and a handshake for who knows its word", function()
    local h, hook = connected()
    expect(h.ok("connections", "webhook", "strava").out).contains(hook.url)
    expect(h.json("connections", "webhook", "strava")).equals(hook) -- it stays the same
    local serve = serving(h)
    local form = { client_id = "1", client_secret = "client-secret", callback_url = hook.url, verify_token = hook.verify_token }
    local function subscribe(word)
      return flow.sh(("curl -s -o /dev/null -w '%%{http_code}' %s/api/v3/push_subscriptions -d client_id=1 -d client_secret=client-secret -d callback_url=%s -d verify_token=%s")
        :format(server.url, form.callback_url, word)).out
    end
    expect(subscribe("wrong")).equals("400")
    expect(subscribe(hook.verify_token)).equals("201")
    expect((get(hook.url .. "?hub.mode=subscribe&hub.challenge=abc&hub.verify_token=guess"))).equals(403)
    expect((get((hook.url:gsub(".$", function(c) return c == "A" and "B" or "A" end))))).equals(404)
    server.control { add = { strava = { activities = { live.ride(5, noon(1)) } } } }
    expect(server.control { deliver = { object_type = "activity", aspect_type = "create", object_id = 5 } }.statuses).equals { 200 }
    expect(live.wait(10, function() return #h.json("records", "workout", "last 9d") == 1 end)).is_true()
    serve.stop()
    h.remove()
  end)

  it("that is forged, altered or old is refused and causes nothing", function()
    local h, hook = connected()
    local serve = serving(h)
    settled(h)
    local before, body = listings(), event()
    for name, headers in pairs { key = signature(body, nil, "another"), old = signature(body, os.time() - 3600),
      ahead = signature(body, os.time() + 3600), altered = signature(event { object_id = 2 }),
      empty = { ["X-Strava-Signature"] = "t=,v1=" }, odd = { ["X-Strava-Signature"] = "x" } } do
      expect({ name, (post(hook.url, body, headers)) }).equals { name, 403 }
    end
    sw.sys.sleep(1000)
    expect(listings()).equals(before)
    expect(#(sw.fs.list(h.dir .. "/inbox") or {})).equals(0)
    expect((post(hook.url, body, signature(body)))).equals(200)
    expect(live.wait(10, function() return listings() > before end)).is_true()
    serve.stop()
    h.remove()
  end)

  it("may come twice, late and in any order: the store is the same", function()
    local function run(order)
      local first, second = live.ride(21, noon(2)), live.ride(22, noon(1))
      local h, hook = connected { first }
      local serve = serving(h)
      settled(h)
      first.elapsed_time = 3900
      server.control { set = { strava = { activities = { first, second } } } }
      local events = { event { object_id = 22, event_time = 10 }, event { object_id = 21, aspect_type = "update", event_time = 20 },
        event { object_id = 22, aspect_type = "update", event_time = 30 } }
      for _, k in ipairs(order) do
        expect((post(hook.url, events[k], signature(events[k])))).equals(200)
      end
      settled(h)
      serve.stop()
      local dump = h.dump()
      h.remove()
      return (dump:gsub('"last_sync":%d+', "")), #dump
    end
    local a, n = run { 1, 2, 3 }
    expect(n > 1000).is_true()
    expect(a).contains("3900")
    expect(flow.difference(a, (run { 3, 3, 1, 2, 2, 1 }))).equals("")
  end)

  it("that comes while the service is being asked is looked at afterwards", function()
    local h, hook = connected()
    local serve = serving(h)
    settled(h)
    server.control { fail = { path = "/api/v3/athlete/activities", how = "html" } }
    server.control { fail = { path = "/api/v3/athlete/activities", how = "slow:3" } }
    local before = listings()
    local body = event { object_id = 30 }
    post(hook.url, body, signature(body)) -- fails, and is tried again later by itself
    expect(live.wait(10, function() return listings() == before + 1 end)).is_true()
    body = event { object_id = 31 }
    post(hook.url, body, signature(body)) -- is under way for three seconds
    expect(live.wait(10, function() return listings() == before + 2 end)).is_true()
    body = event { object_id = 32 }
    post(hook.url, body, signature(body))
    expect(live.wait(10, function() return listings() == before + 3 end)).is_true()
    serve.stop()
    h.remove()
  end)

  it("tells of an edit further back than syncs look", function()
    local old = live.ride(41, noon(6))
    local h, hook = connected { old }
    expect(h.json("records", "workout", "last 9d")[1].attributes.elapsed_s).equals(3600)
    local serve = serving(h)
    settled(h)
    old.elapsed_time = 5000
    server.control { set = { strava = { activities = { old } } } }
    local body = event { object_id = 41, aspect_type = "update" }
    post(hook.url, body, signature(body))
    expect(live.wait(10, function() return h.json("records", "workout", "last 9d")[1].attributes.elapsed_s == 5000 end)).is_true()
    serve.stop()
    h.remove()
  end)

  it("says that access was withdrawn, for the account it names only", function()
    local h, hook = connected()
    local serve = serving(h)
    local body = event { object_type = "athlete", aspect_type = "update", owner_id = 999, updates = { authorized = "false" } }
    expect((post(hook.url, body, signature(body)))).equals(200)
    settled(h)
    expect(live.show(h).state).equals("active")
    body = event { object_type = "athlete", aspect_type = "update", updates = { authorized = "false" } }
    expect((post(hook.url, body, signature(body)))).equals(200)
    expect(live.wait(10, function() return live.show(h).state == "needs_user" end)).is_true()
    expect(live.show(h).sentence).contains("syncwell connect strava")
    serve.stop()
    h.remove()
  end)
end)

-- --- phones ---

local function stamp(ms)
  return os.date("!%Y-%m-%d %H:%M:%S +0000", ms // 1000)
end

local T = noon(1)

local SHAPES = {
  health_auto_export = sw.json.encode { data = { metrics = {
    { name = "step_count", units = "count", data = { { date = stamp(T), qty = 120, source = "My Watch" }, { date = stamp(T + 60000), qty = 80, source = "My Watch" } } },
    { name = "heart_rate", units = "bpm", data = { { date = stamp(T), Min = 58, Avg = 61, Max = 66, source = "My Watch" } } } },
    workouts = { { id = "w-1", name = "Outdoor Run", start = stamp(T), ["end"] = stamp(T + 1800000), duration = 1800,
      distance = { qty = 5.1, units = "km" } } } } },
  sdk = sw.json.encode { records = { { type = "HKQuantityTypeIdentifierStepCount", unit = "count", value = 44, startDate = live.iso(T + 2 * HOUR),
    endDate = live.iso(T + 2 * HOUR + 60000), source = { name = "iPhone" } } } },
}
local ANDROID = {
  lists = sw.json.encode { steps = { { count = 300, start_time = live.iso(T + 3 * HOUR), end_time = live.iso(T + 3 * HOUR + 600000) } },
    heart_rate = { { bpm = 71, time = live.iso(T + 3 * HOUR) } }, weight = { { kilograms = 71.5, time = live.iso(T) } } },
  records = sw.json.encode { records = { { record_type = "heart_rate", value = 77, start_time_ms = T + 4 * HOUR, end_time_ms = T + 4 * HOUR },
    { record_type = "weight", value = 71.2, start_time_ms = T + HOUR, end_time_ms = T + HOUR } } },
}

local function phone()
  local h = home()
  local said = h.json("connect", "phone")
  return h, said.post_to
end

local function samples(h, metric)
  return #h.json("query", metric, "--from", live.day(T), "--to", live.day(T), "--every", "raw")
end

describe("a phone", function()
  it("posts each of the shapes, and again, which adds nothing", function()
    local h, address = phone()
    local android = h.json("connect", "health-connect").post_to
    expect(h.json("connections", "webhook", "phone").url).equals(address)
    local serve = serving(h)
    local function post_all()
      for to, shapes in pairs { [address] = SHAPES, [android] = ANDROID } do
        for name, body in pairs(shapes) do
          expect({ name, (post(to, body)) }).equals { name, 200 }
        end
      end
    end
    post_all()
    settled(h)
    live.wait(5, function() return samples(h, "heart_rate") == 3 end)
    expect({ samples(h, "steps"), samples(h, "heart_rate"), samples(h, "weight") }).equals { 4, 3, 2 }
    local run = h.json("records", "workout", "last 3d")[1]
    expect({ run.attributes.distance_m, run.attributes.sport }).equals { 5100, "running" }
    local before = h.dump()
    post_all()
    post_all()
    settled(h)
    sw.sys.sleep(500)
    expect(flow.difference((before:gsub('"last_sync":%d+', "")), (h.dump():gsub('"last_sync":%d+', "")))).equals("")
    expect(live.show(h, "phone").last_error).is_nil()
    serve.stop()
    h.remove()
  end)

  it("that posts garbage is answered; what it sent is kept and told", function()
    local h, address = phone()
    local serve = serving(h)
    expect((post(address, "{\"data\": [1, 2,"))).equals(200)
    expect(live.wait(10, function() return live.show(h, "phone").last_error end) or "").contains("not understood")
    expect(live.show(h, "phone").last_error).contains("inbox/")
    local kept = sw.fs.list(h.dir .. "/inbox")
    expect(#kept).equals(1)
    expect(flow.read(h.dir .. "/inbox/" .. kept[1])).equals("{\"data\": [1, 2,")
    expect(h.json("status").jobs_given_up).equals(1)
    for _, body in ipairs { "[]", "5", "{}", "{\"data\": 7}", "{\"records\": {\"a\": 1}}", "{\"data\": {\"metrics\": [1, null, {\"name\": {}}]}}" } do
      expect({ body, (post(address, body)) }).equals { body, 200 }
    end
    expect((post(address, ""))).equals(400)
    expect((post(address, SHAPES.sdk))).equals(200)
    expect(live.wait(10, function() return samples(h, "steps") == 1 end)).is_true()
    expect((get(address))).equals(405)
    serve.stop()
    h.remove()
  end)

  it("cannot fill the disk with what nobody understands", function()
    local h, address = phone()
    local serve = serving(h)
    local id = h.json("connections", "show", "phone").id
    sw.fs.mkdir(h.dir .. "/inbox")
    flow.sh(("truncate -s 1G %s/inbox/%d-left"):format(h.dir, id))
    local status, body = post(address, SHAPES.sdk)
    expect({ status, body }).equals { 507, '{"error":"the inbox is full"}' }
    os.remove(("%s/inbox/%d-left"):format(h.dir, id))
    expect((post(address, SHAPES.sdk))).equals(200)
    serve.stop()
    h.remove()
  end)

  it("may send 32 MB and no more, to its own address and no other", function()
    local h, address = phone()
    local serve = serving(h)
    local big = h.dir .. "/big"
    local function put(bytes)
      flow.sh(("head -c %d /dev/zero | tr '\\0' ' ' >%s"):format(bytes, big))
      return flow.sh(("curl -s -o /dev/null -w '%%{http_code}' -H 'Expect:' --data-binary @%s %s"):format(big, address)).out
    end
    expect(put(33 << 20)).equals("413")
    expect(put((33 << 20) + 1)).equals("413")
    expect(#(sw.fs.list(h.dir .. "/inbox") or {})).equals(0)
    expect((post((address:gsub("/in/.*$", "/in/nobody-knows-this-word-0123456789")), "{}"))).equals(404)
    expect((post((address:gsub("/in/", "/hook/")), "{}"))).equals(404)
    h.ok("connections", "remove", "phone")
    expect((post(address, SHAPES.sdk))).equals(404)
    serve.stop()
    h.remove()
  end)

  it("loses nothing that was answered when the engine is killed at once", function()
    local h = home()
    local address = h.json("connect", "health-connect").post_to
    for round = 1, 3 do
      local serve = serving(h)
      for k = 1, 5 do
        local at = T + round * HOUR + k * 60000
        expect((post(address, sw.json.encode { weight = { { kilograms = 70 + round + k / 10, time = live.iso(at) } } }))).equals(200)
      end
      serve.kill("KILL")
      serve.wait(10)
    end
    h.ok("run", "--once")
    expect(samples(h, "weight")).equals(15)
    expect(#sw.fs.list(h.dir .. "/inbox")).equals(0)
    server.stop()
    h.remove()
  end)
end)

-- Signing in by OAuth 2, and tokens that live: pasted and called back, refused, raced for, lost, withdrawn.
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

local server = replay.start()

local function days_ago(n)
  return (os.time() // 86400 - n) * live.DAY + 9 * live.HOUR
end

local function free_port()
  return tonumber(flow.sh("python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'").out)
end

-- A home and a server at its start; the redirect goes to a port of this test alone.
local function fresh(order)
  order = order or {}
  order.reset = true
  order.set = order.set or {}
  order.set.strava = order.set.strava or { activities = { live.ride(11, days_ago(2)), live.ride(12, days_ago(1)) } }
  server.control(order)
  local h = flow.home("UTC")
  h.port = free_port()
  flow.write(h.dir .. "/config.lua", ('return { public_url = "http://127.0.0.1:%d" }'):format(h.port))
  return h
end

local function oauth()
  return server.stats().oauth
end

local function begin(h, ...)
  local p = live.spawn(h.command("connect", "strava", "--client-id", "1", "--base-url", server.url, ...))
  p.say("client-secret\n")
  return p, p.await("(http://%S+/oauth/authorize%S+)")
end

-- Connected with a token that lives a few seconds, and then is too old.
local function expired(order)
  local h = fresh(order or { set = { oauth = { expires_in = 3 } } })
  local r = live.strava(h, server)
  assert(r.code == 0, r.out .. r.err)
  server.control { set = { oauth = { expires_in = 21600 } } }
  sw.sys.sleep(3500)
  server.clear()
  return h
end

describe("signing in", function()
  it("works by pasting the address one was sent to, and the week comes", function()
    local h = fresh()
    local r = live.strava(h, server)
    expect(r.err).equals("")
    expect(r.code).equals(0)
    expect(r.out).contains("connected strava as")
    expect(#h.json("records", "workout", "last 9d")).equals(2)
    expect(r.address).contains("scope=read%2Cactivity%3Aread_all")
    expect(live.show(h).state).equals("active")
    expect(oauth().exchanges).equals(1)
    h.remove()
  end)

  it("works through the callback, where a stranger's state is turned away", function()
    local h = fresh()
    local p, address = begin(h)
    local back = live.allow(address)
    expect(flow.sh("curl -s -o /dev/null -w '%{http_code}' " .. flow.quote((back:gsub("state=[^&]+", "state=guess")))).out).equals("404")
    expect(flow.sh("curl -s " .. flow.quote(back)).out).contains("Connected")
    local r = p.wait(30)
    expect(r.code).equals(0)
    expect(#h.json("records", "workout", "last 9d")).equals(2)
    h.remove()
  end)

  it("says so when access is not granted, and keeps nothing", function()
    local h = fresh { set = { oauth = { deny = true } } }
    local r = live.strava(h, server)
    expect(r.code).equals(3)
    expect(r.err).contains("access was not granted")
    expect(r.err).contains("syncwell connect strava")
    local p, address = begin(h)
    expect(flow.sh("curl -s " .. flow.quote(live.allow(address))).out).contains("did not work")
    r = p.wait(10)
    expect(r.code).equals(3)
    expect(r.err).contains("access was not granted")
    expect(#h.json("connections")).equals(0)
    h.remove()
  end)

  it("is taken by serve while it runs, and the command ends with the same news", function()
    local h = fresh()
    local serve = live.spawn(h.command("serve", "--listen", "127.0.0.1:" .. h.port))
    serve.await("listening on")
    local p, address = begin(h)
    expect(flow.sh("curl -s " .. flow.quote(live.allow(address))).out).contains("Connected")
    local r = p.wait(30)
    expect(r.err).equals("")
    expect(r.code).equals(0)
    expect(r.out).contains("connected strava as")
    expect(#h.json("records", "workout", "last 9d")).equals(2)
    server.control { set = { oauth = { deny = true } } }
    p, address = begin(h)
    expect(flow.sh("curl -s " .. flow.quote(live.allow(address))).out).contains("access was not granted")
    r = p.wait(10)
    expect(r.code).equals(3)
    expect(r.err).contains("access was not granted")
    expect(live.show(h).state).equals("active") -- the old permission lives on
    expect(serve.stop().err:find("error", 1, true)).is_nil()
    h.remove()
  end)

  it("tells what was not granted, then and when it is refused", function()
    local h = fresh { set = { oauth = { granted = "read" } } }
    local r = live.strava(h, server)
    expect(r.code).equals(4)
    expect(r.out).contains("not granted: activity:read_all, profile:read_all")
    local c = live.show(h)
    expect(c.state).equals("needs_user")
    expect(c.sentence).contains("activity:read_all, profile:read_all was not granted")
    server.control { set = { oauth = { granted = "read,activity:read_all,profile:read_all" } } }
    r = live.strava(h, server)
    expect({ r.code, r.out:match("not granted") }).equals { 0 }
    expect(live.show(h).state).equals("active")
    h.remove()
  end)

  it("prints one document with --json, the address beside it", function()
    local h = fresh()
    local p = live.spawn(h.command("--json", "connect", "strava", "--client-id", "1", "--base-url", server.url, "--paste"))
    p.say("client-secret\n")
    p.say(live.allow(p.await("(http://%S+/oauth/authorize%S+)")) .. "\n")
    local r = p.wait(30)
    expect({ r.code, sw.json.decode(r.out).connection }).equals { 0, "strava" }
    h.remove()
  end)

  it("says what is wrong with the app, the code and the pasted text", function()
    local h = fresh()
    local r = h.run("connect", "strava", "--base-url", server.url, "--paste")
    expect({ r.code, r.err:match("%-%-client%-id") }).equals { 2, "--client-id" }
    local p = live.spawn(h.command("connect", "strava", "--client-id", "1", "--base-url", server.url, "--paste"))
    p.say("wrong-secret\n")
    p.say(live.allow(p.await("(http://%S+/oauth/authorize%S+)")) .. "\n")
    r = p.wait(20)
    expect(r.code).equals(3)
    expect(r.err).contains("client")
    p = begin(h, "--paste")
    p.say("http://127.0.0.1/callback?code=c&state=other\n")
    expect(p.wait(20).err).contains("another sign-in")
    p = begin(h, "--paste")
    p.say("made-up-code\n")
    r = p.wait(20)
    expect({ r.code, r.err:match("did not accept the code") }).equals { 3, "did not accept the code" }
    expect((r.out .. r.err):find("client%-secret")).is_nil()
    h.remove()
  end)
end)

-- Another process of the engine that only wants a living token: prints it, or why there is none.
local ASKER = [[
local home, connections, providers, account, oauth = require("home"), require("connections"), require("providers"),
  require("account"), require("oauth")
local ctx = assert(home.open { home = os.getenv("ASK_HOME") })
local c = assert(connections.find(ctx, "strava"))
local acct = assert(account.open(ctx, c, assert(providers.get(ctx, "strava"))))
local token, message = oauth.access(acct)
sw.sys.out("token " .. tostring(token or message) .. "\n")
]]

local function ask_for_token(h)
  local file = h.dir .. "/asker.lua"
  if not flow.read(file) then -- another one may be reading it
    flow.write(file, ASKER)
  end
  return live.spawn(("env ASK_HOME=%s %s --lua-test %s"):format(flow.quote(h.dir), flow.quote(flow.binary), file))
end

describe("a rotating refresh token", function()
  it("is spent once by six processes that want it at the same moment", function()
    local h = expired()
    server.control { fail = { path = "/oauth/token", how = "slow:1" } }
    local asked, tokens = {}, {}
    for i = 1, 6 do
      asked[i] = ask_for_token(h)
    end
    for _, p in ipairs(asked) do
      tokens[p.wait(30).out:match("token (%S+)") or "none"] = true
    end
    local n = 0
    for token in pairs(tokens) do
      n = n + 1
      expect(token).contains("access")
    end
    expect(n).equals(1)
    expect({ oauth().refreshes, oauth().reused }).equals { 1, 0 }
    h.remove()
  end)

  it("is spent once by two engines that sync at the same time", function()
    local h = expired()
    server.control { add = { strava = { activities = { live.ride(13, days_ago(1) + live.HOUR) } } },
      fail = { path = "/oauth/token", how = "slow:1" } }
    local a, b = live.spawn(h.command("sync")), live.spawn(h.command("sync"))
    expect({ a.wait(40).code, b.wait(40).code }).equals { 0, 0 }
    expect({ oauth().refreshes, oauth().reused, #server.requests("/oauth/token") }).equals { 1, 0, 1 }
    expect(#h.json("records", "workout", "last 9d")).equals(3)
    h.remove()
  end)

  it("renews a token that the service has dropped early, once", function()
    local h = fresh()
    assert(live.strava(h, server).code == 0)
    server.control { revoke = "access" }
    expect(h.run("sync").code).equals(0)
    expect({ oauth().refreshes, oauth().reused }).equals { 1, 0 }
    h.remove()
  end)

  it("loses nothing when the engine is killed between the answer and its use", function()
    local h = expired()
    server.control { fail = { path = "/api/v3/athlete/activities", how = "slow:5" } }
    local p = live.spawn(h.command("sync"))
    expect(live.wait(10, function() return #server.requests("/api/v3/athlete/activities") > 0 end)).is_true()
    p.kill("KILL")
    expect(p.wait(10).code).equals(137)
    expect(h.run("sync").code).equals(0)
    expect({ oauth().refreshes, oauth().reused }).equals { 1, 0 }
    h.remove()
  end)

  it("killed while it is asked for, holds nobody up for long", function()
    local h = expired()
    server.control { fail = { path = "/oauth/token", how = "status:503" } }
    server.control { fail = { path = "/oauth/token", how = "slow:20" } }
    h.run("sync") -- 503
    local p = live.spawn(h.command("sync"))
    expect(live.wait(10, function() return #server.requests("/oauth/token") > 1 end)).is_true()
    p.kill("KILL")
    p.wait(10)
    local began = sw.time.mono()
    expect(h.run("sync").code).equals(0)
    expect(sw.time.mono() - began < 15000).is_true()
    expect(live.show(h).state).equals("active")
    h.remove()
  end)

  it("lost with its answer needs the user only once the service says no; connecting again mends it", function()
    local h = expired()
    server.control { fail = { path = "/oauth/token", how = "close-after-reading" } }
    local r = h.run("sync")
    expect(r.code).equals(1)
    expect(#server.requests("/oauth/token")).equals(1) -- nothing sends it again by itself
    expect(live.show(h).state).equals("active")
    r = h.run("sync")
    expect(r.code).equals(3)
    local c = live.show(h)
    expect(c.state).equals("needs_user")
    expect(c.sentence).contains("no longer accepts our permission")
    expect(c.sentence).contains("syncwell connect strava")
    local asked = #server.log()
    expect(h.run("run", "--once").code).equals(0)
    expect(#server.log()).equals(asked) -- and it is left alone
    expect(live.strava(h, server).code).equals(0)
    c = live.show(h)
    expect({ c.state, c.sentence, c.last_error }).equals { "active" }
    expect(h.run("sync").code).equals(0)
    h.remove()
  end)

  it("refused because our app is unknown says so", function()
    local h = expired()
    server.control { set = { oauth = { client_secret = "another" } } }
    expect(h.run("sync").code).equals(3)
    local c = live.show(h)
    expect(c.state).equals("needs_user")
    expect(c.sentence).contains("invalid_client")
    expect(c.sentence).contains("syncwell connect strava")
    h.remove()
  end)

  it("is never given up for an outage of the sign-in server", function()
    local h = expired()
    for _, how in ipairs { "status:500", "status:503", "status:429", "reset", "close-before-answer", "html", "html:502", "html:403", "html:400", "truncated", "slow:2" } do
      server.control { fail = { path = "/oauth/token", how = how } }
      local r = h.run("sync")
      local c = live.show(h)
      expect({ how, c.state }).equals { how, "active" }
      expect({ how, r.code == 0 }).equals { how, how == "slow:2" or how == "truncated" and r.code == 0 }
      if how == "truncated" then -- the server did it and its answer is lost: sign in again for the rest
        server.control { set = { oauth = { expires_in = 3 } } }
        assert(live.strava(h, server).code == 0)
        server.control { set = { oauth = { expires_in = 21600 } } }
        sw.sys.sleep(3500)
      end
    end
    expect(#h.json("records", "workout", "last 9d")).equals(2)
    h.remove()
  end)
end)

-- What the vault holds of the connection besides its tokens, put there or read by another process.
local KEEPER = [[
local home, connections, vault = require("home"), require("connections"), require("vault")
local ctx = assert(home.open { home = os.getenv("ASK_HOME") })
local c = assert(connections.find(ctx, "strava"))
local secret, revision = vault.get(ctx, "connection:" .. c.id)
if os.getenv("KEEP") then
  secret.secrets.webhook, secret.since = os.getenv("KEEP"), 5
  local t = home.txn(ctx)
  vault.put(t, ctx, "connection:" .. c.id, secret, revision)
  assert(t:commit())
end
sw.sys.out(("kept %s %s %s\n"):format(secret.secrets.webhook, secret.since, secret.secrets.access))
]]

local function keeper(h, keep)
  local file = h.dir .. "/keeper.lua"
  flow.write(file, KEEPER)
  local p = live.spawn(("env ASK_HOME=%s %s %s --lua-test %s"):format(flow.quote(h.dir), keep and "KEEP=" .. keep or "",
    flow.quote(flow.binary), file))
  return p.wait(20).out
end

-- Strava as if it wrapped its tokens and refused in an answer 200; `more` is added to its sign-in.
local function wrapping(h, more)
  local source = flow.read(flow.root .. "/providers/strava.lua")
  local changed, n = source:gsub('client = "body",', 'client = "body", answer = "body", token_form = { action = "requesttoken" }, ' .. more)
  assert(n == 1)
  sw.fs.mkdir(h.dir .. "/providers")
  flow.write(h.dir .. "/providers/strava.lua", changed)
end

local function expired_wrapped(more)
  local h = fresh { set = { oauth = { wrapped = true, expires_in = 3 } } }
  wrapping(h, more)
  local r = live.strava(h, server)
  assert(r.code == 0, r.out .. r.err)
  server.control { set = { oauth = { expires_in = 21600 } } }
  sw.sys.sleep(3500)
  return h
end

describe("a refusal in an answer 200", function()
  it("needs the user, by the numbers that a provider declares", function()
    local h = expired_wrapped "refused = { status = { 503 } },"
    expect(h.run("sync").code).equals(0) -- a wrapped pair is read
    expect(oauth().refreshes).equals(1)
    server.control { revoke = "all" }
    local r = h.run("sync")
    expect(r.code).equals(3)
    expect(live.show(h).state).equals("needs_user")
    expect(live.show(h).sentence).contains("no longer accepts our permission")
    h.remove()
  end)

  it("that nobody declared is asked again, for it may be an outage", function()
    local h = expired_wrapped ""
    server.control { revoke = "all" }
    local r = h.run("sync")
    expect(r.code).equals(1)
    expect(r.out .. r.err).contains("answered 200 to a refresh, without a token")
    expect(live.show(h).state).equals("active")
    h.remove()
  end)

  it("needs the user when it says so in OAuth's words or HTTP's numbers, and not when it says anything else", function()
    local wanted = { ['{"error":"invalid_grant"}'] = "needs_user", ['{"status":401,"message":"no"}'] = "needs_user",
      ['{"error":{"code":"invalid_grant"}}'] = "needs_user", ['{"status":"401"}'] = "needs_user", ['{"status":601}'] = "active",
      ['{"error":"temporarily_unavailable"}'] = "active", ['{}'] = "active", ['{"status":503}'] = "active" }
    for body, state in pairs(wanted) do
      local h = expired()
      server.control { fail = { path = "/oauth/token", how = "status:200", body = body } }
      h.run("sync")
      expect({ body, live.show(h).state }).equals { body, state }
      h.remove()
    end
  end)
end)

describe("a connection", function()
  it("keeps what else is stored with it when its token is renewed", function()
    local h = expired()
    expect(keeper(h, "hook-key-0123")).contains("kept hook-key-0123 5 access1x")
    expect(h.run("sync").code).equals(0)
    expect(oauth().refreshes).equals(1)
    expect(keeper(h)).contains("kept hook-key-0123 5 access2x")
    h.remove()
  end)

  it("is one account's: signing in as another is refused, and the first goes on where it was", function()
    local h = fresh()
    assert(live.strava(h, server).code == 0)
    local before, dump = live.show(h), h.dump()
    server.control { set = { strava = { athlete = { id = 2, username = "somebody" }, activities = { live.ride(99, days_ago(3)) } } } }
    local r = live.strava(h, server)
    expect(r.code).equals(2)
    expect(r.err).contains("this is somebody (2): two histories are never mixed, so nothing was kept; connect it under a name of its own: "
      .. "syncwell connect strava --name OTHER")
    expect(live.show(h)).equals(before)
    expect(h.dump()).equals(dump)
    expect(keeper(h)).contains("access1x")
    r = live.strava(h, server, "--name", "second")
    expect(r.code).equals(0)
    expect(#h.json("records", "workout", "last 9d")).equals(3)
    h.remove()
  end)

  it("whose account nobody tells goes on under its name, and connecting it again says what that means", function()
    local h = fresh()
    sw.fs.mkdir(h.dir .. "/providers")
    flow.write(h.dir .. "/providers/strava.lua", (flow.read(flow.root .. "/providers/strava.lua"):gsub("account = %b{},", "")))
    expect(live.strava(h, server).out:find("does not say whose", 1, true)).is_nil()
    local r = live.strava(h, server)
    expect(r.code).equals(0)
    expect(r.out).contains("Strava does not say whose account this is: what it brings is added to what came before")
    h.remove()
  end)

  it("is known by the account that the token's answer names", function()
    local h = fresh { set = { oauth = { extra = { athlete = { id = 71 } } } } }
    sw.fs.mkdir(h.dir .. "/providers")
    local source = flow.read(flow.root .. "/providers/strava.lua"):gsub("account = %b{},", "")
    flow.write(h.dir .. "/providers/strava.lua", (source:gsub('client = "body",', 'client = "body", account = "athlete.id",')))
    expect(live.strava(h, server).code).equals(0)
    expect(live.show(h).account).equals("71")
    server.control { set = { oauth = { extra = { athlete = { id = 72 } } } } }
    local r = live.strava(h, server)
    expect({ r.code, r.err:match("holds the history of 71, and this is 72") }).equals { 2, "holds the history of 71, and this is 72" }
    h.remove()
  end)
end)

describe("the replay server", function()
  it("had nothing to complain about", function()
    server.stop()
  end)
end)

-- SPDX-License-Identifier: MIT
-- Services whose sign-in is a password for a ticket: connected, expired, raced for, locked out, moved, written to.
local flow = require("flow")
local live = require("live")
local replay = require("replay_server")

local server = replay.start()
local PASSWORD = 'a pass"word'

local function night(id, days)
  local start = (os.time() // 86400 - days) * live.DAY - 2 * live.HOUR
  return { id = id, from = live.iso(start), to = live.iso(start + 7 * live.HOUR) }
end

local function fresh(set)
  set = set or {}
  set.nights = { night("n1", 2), night("n2", 1) }
  server.control { reset = true, set = { ticket = set } }
  local h = flow.home("UTC")
  sw.fs.mkdir(h.dir .. "/providers")
  flow.write(h.dir .. "/providers/ticket.lua", flow.read(flow.root .. "/tests/support/providers/ticket.lua"))
  return h
end

local function connect(h, password, ...)
  return flow.sh(("printf '%%s\\n' me@example.org %s | %s"):format(flow.quote(password or PASSWORD),
    h.command("connect", "ticket", "--base-url", server.url, ...)))
end

local function connected(set)
  local h = fresh(set)
  local r = connect(h)
  assert(r.code == 0, r.out .. r.err)
  return h
end

local function stats()
  return server.stats().ticket
end

-- Another process of the engine that asks for a session, and may write with it.
local ASKER = [[
local home, connections, providers, account = require("home"), require("connections"), require("providers"), require("account")
local ctx = assert(home.open { home = os.getenv("ASK_HOME") })
ctx.config = {}
local c = assert(connections.find(ctx, "ticket"))
if os.getenv("ASK_NOTE") then
  local out, message = require("jobs.deliver").run(ctx, { payload = { connection = c.id, what = "note", entry = { text = "x" } } })
  sw.sys.out("wrote " .. tostring(out and out.status or message) .. "\n")
else
  local acct = assert(account.open(ctx, c, assert(providers.get(ctx, "ticket"))))
  local ok, message = acct:ready()
  sw.sys.out("session " .. tostring(ok and acct.secret.secrets.session or message) .. "\n")
end
]]

local function ask(h, note)
  local file = h.dir .. "/asker.lua"
  if not flow.read(file) then -- another one may be reading it
    flow.write(file, ASKER)
  end
  return live.spawn(("env ASK_HOME=%s %s %s --lua-test %s"):format(flow.quote(h.dir), note and "ASK_NOTE=1" or "",
    flow.quote(flow.binary), file))
end

describe("a service with a login", function()
  it("is connected with a password, and neither it nor the ticket is seen by the script or in the home", function()
    local h = fresh()
    local r = connect(h)
    expect(r.err).equals("")
    expect(r.code).equals(0)
    expect(r.out).contains("connected ticket as Test")
    expect(#h.json("records", "sleep", "last 9d")).equals(2)
    local c = live.show(h, "ticket")
    expect(server.requests("/ticket/login")[1].headers["account-id"]).is_nil()
    expect({ c.state, c.settings.sleeper, c.settings.seen }).equals { "active", "s-9", "(hidden)" }
    expect(stats().logins).equals(1)
    local token = server.requests("/ticket/me")[1].headers.authorization:match("^Bearer (.+)$")
    for _, secret in ipairs { token, "a pass" } do
      expect(flow.sh(("grep -raF %s %s"):format(flow.quote(secret), h.dir)).out).equals("")
    end
    expect(sw.json.decode(server.requests("/ticket/login")[1].body).password).equals(PASSWORD)
    expect(h.ok("sync").out:find("hidden", 1, true)).is_nil()
    expect(stats().logins).equals(1)
    h.remove()
  end)

  it("gets a new ticket when the old one is too old, once for six that want it", function()
    local h = connected { lives_s = 4 }
    server.control { set = { ticket = { lives_s = 3600 } }, fail = { path = "/ticket/login", how = "slow:1" } }
    sw.sys.sleep(4500)
    local asked, seen, n = {}, {}, 0
    for i = 1, 6 do
      asked[i] = ask(h)
    end
    for _, p in ipairs(asked) do
      local r = p.wait(30)
      local said = r.out:match("session (%S+)") or r.out .. r.err
      expect(said).contains("ticket")
      n, seen[said] = n + (seen[said] and 0 or 1), true
    end
    expect({ n, stats().logins }).equals { 1, 2 }
    h.remove()
  end)

  it("gets a new ticket when the service ends the old one early, and the sync goes well", function()
    local h = connected { told = false }
    server.control { set = { ticket = { ["end"] = 1 } }, add = { ticket = { nights = { night("n3", 0) } } } }
    expect(h.run("sync").code).equals(0)
    expect({ stats().logins, #h.json("records", "sleep", "last 9d") }).equals { 2, 3 }
    server.control { set = { ticket = { ["end"] = 2 } } }
    expect(ask(h, true).wait(30).out).contains("wrote 201")
    expect(stats().logins).equals(3)
    h.remove()
  end)

  it("keeps nothing when the password is wrong, and says so", function()
    local h = fresh()
    local r = connect(h, "another-word")
    expect(r.code).equals(3)
    expect(r.err).contains("Ticket Sleep does not accept the login (answer 200): notAuthenticated (hidden)")
    expect(stats().logins).equals(1)
    expect(#h.json("connections")).equals(0)
    h.remove()
  end)

  it("sends a password that is no longer accepted once, whoever asks, and never again by itself", function()
    local h = connected()
    server.control { set = { ticket = { password = "new-word-1", ["end"] = 1 } }, fail = { path = "/ticket/login", how = "slow:1" } }
    local a, b = live.spawn(h.command("sync")), live.spawn(h.command("sync"))
    a.wait(30)
    b.wait(30)
    for _ = 1, 2 do
      h.run("run", "--once")
      h.run("sync")
      expect(ask(h).wait(30).out).contains("does not accept the login")
    end
    expect(stats().refused).equals(1)
    local c = live.show(h, "ticket")
    expect(c.state).equals("needs_user")
    expect(c.sentence).contains("mend it with: syncwell connect ticket")
    expect(connect(h, "new-word-1").code).equals(0)
    expect({ live.show(h, "ticket").state, stats().refused }).equals { "active", 1 }
    h.remove()
  end)

  it("goes where the login sends it, and tells what is to be done there", function()
    local h = connected { region = "eu" }
    expect({ stats().logins, #server.requests("/ticket/eu/login") }).equals { 2, 1 }
    h.remove()
    h = fresh { terms = true }
    local r = connect(h)
    expect(r.code).equals(3)
    expect(r.err).contains("its terms are to be accepted in the app first")
    h.remove()
  end)

  it("stays connected through an outage of the login", function()
    local h = connected()
    server.control { set = { ticket = { ["end"] = 1 } }, fail = { path = "/ticket/login", how = "status:503" } }
    local r = h.run("sync")
    expect(r.code).equals(1)
    expect(r.out .. r.err).contains("answered 503 to the login")
    expect(live.show(h, "ticket").state).equals("active")
    server.control { fail = { path = "/ticket/login", how = "status:429", limit = "retry-after:90" } }
    r = h.run("sync")
    expect(live.show(h, "ticket").state).equals("active")
    expect(r.out .. r.err).contains("429")
    h.remove()
  end)

  it("asks for the account once more when it is connected again, and refuses another one under its name", function()
    local h = connected()
    expect(stats().me).equals(2) -- whose it is, and after_connect
    server.control { set = { ticket = { user = "4712-bb-0d4c-77aa" } } }
    local r = connect(h)
    expect(r.code).equals(2)
    expect(r.err).contains("'ticket' holds the history of Test (4711-aa-0d4c-77aa), and this is Test (4712-bb-0d4c-77aa)")
    expect(#h.json("records", "sleep", "last 9d")).equals(2)
    expect(connect(h, nil, "--name", "other").code).equals(0)
    h.ok("connections", "remove", "ticket")
    expect(connect(h).code).equals(2) -- what the first one brought is still there
    server.control { set = { ticket = { user = "4711-aa-0d4c-77aa" } } }
    expect(connect(h).code).equals(0)
    h.remove()
  end)
end)
server.stop()

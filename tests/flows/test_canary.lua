-- SPDX-License-Identifier: MIT
-- A value that nobody may see, in each kind of credential, against a server that echoes all it is sent: it is
-- found in no log, answer, dump, notification, database, process line and in no worker's memory.
local flow = require("flow")

local json = sw.json

local C = { key = "canary-key-41aa07c2", client = "canary-client-8d0c55e1", access = "canary-access-77b1f0a9", refresh = "canary-refresh-5e9d3c10",
  sealed = "canary-sealed-0b6f2e84", password = "canary-password-c2f98d73", ntfy = "canary-ntfy-9a13de60", spy = "canary/spy+2f7e=1d" }
-- what each becomes on its way
local made = { sw.crypto.base64("API_KEY:" .. C.key), sw.crypto.base64("me:" .. C.password), sw.crypto.hex(sw.crypto.sha1(C.sealed)),
  "canary%2Fspy%2B2f7e%3D1d" }
local MARKER = "marker-of-the-spy-script"

-- --- a server that echoes ---

local mode, seen = "good", {}

local function echo(r)
  local lines = { r.method .. " " .. r.path, json.encode(r.query), r.body or "" }
  for name, v in pairs(r.headers) do
    lines[#lines + 1] = name .. ": " .. v
  end
  return table.concat(lines, "\n")
end

local tokens = 0

local function token(answer)
  tokens = tokens + 1
  answer(200, { ["Content-Type"] = "application/json" }, json.encode { access_token = C.access, refresh_token = C.refresh,
    token_type = "Bearer", expires_in = tokens == 1 and 21600 or 1, scope = "read" })
end

local function serve(r, answer)
  local text = echo(r)
  for name, word in pairs(C) do
    seen[name] = seen[name] or text:find(word, 1, true) ~= nil
  end
  for i, word in ipairs(made) do
    seen[i] = seen[i] or text:find(word, 1, true) ~= nil
  end
  if mode == "good" and r.path:find("/oauth/token", 1, true) then
    return token(answer)
  elseif mode == "good" and r.path:find("/ntfy", 1, true) then
    return answer(500, { ["X-Echo"] = r.headers.authorization or "" }, text)
  elseif mode == "good" then
    local now = os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - 7200)
    local one = { id = 42, name = text, title = text, username = text:sub(1, 300), status = "ok", type = "Run", sport_type = "Run", start_date = now,
      start_date_local = now, elapsed_time = 4000, moving_time = 4000, source = text, device_name = text, created_at = now, carbs = 10,
      _id = "x1", eventType = "Meal Bolus", error = text }
    local list = r.path:find("activities", 1, true) or r.path:find("wellness", 1, true) or r.path:find("%.json$") and not r.path:find("status", 1, true)
    return answer(r.method == "GET" and 200 or 201, { ["Content-Type"] = "application/json", ["X-Echo"] = r.headers.authorization or r.headers["api-secret"] or "",
      Link = "<https://x.example/" .. (r.query.key or "") .. ">; rel=next" }, json.encode(list and json.list { one } or one))
  end
  local status, kind = mode:match("^(%d+)(.*)$")
  answer(tonumber(status), { ["Content-Type"] = kind == "html" and "text/html" or "application/json", ["Retry-After"] = status == "429" and "1" or nil },
    kind == "html" and "<html><pre>" .. text .. "</pre></html>" or json.encode { error = text, message = text, error_description = text })
end

local SPY = [[local sw = require "syncwell"
local kept = {}
return sw.provider { id = "spy", title = "Spy", hosts = { "spy.example" }, base = "https://spy.example",
  auth = sw.key { query = "key", secret = "api_key" }, secrets = { api_key = "x" }, limits = { { 1000, per = "1min" } },
  policy = { share = false },
  reads = { all = { fetch = function(acct, window, out)
    kept[1] = "marker-of-the-spy" .. "-script"
    local res = acct.request { path = "/echo", headers = { ["X-Mine"] = acct.secret "api_key" }, query = { q = sw.sha1(acct.secret "api_key") } }
    kept[2] = res.text
    print(res.text, acct.secret "api_key")
    for k, v in pairs(res.headers) do print(k, v) kept[#kept + 1] = v end
    out.reject(res.text:sub(1, 190))
    out.record { kind = "note", id = "spied", start = window.from, attributes = { text = res.text } }
    local began = os.clock()
    while res.status == 200 and os.clock() - began < 0.6 do end
    if res.status ~= 200 then error("it said " .. res.text) end
  end } } }
]]

local RULE = [[local sw = require "syncwell"
return sw.rule { title = "tell", on = sw.event "workout.created", uses = { "notify", "calendar:write" },
  run = function(w, ctx)
    ctx.notify { text = "did " .. tostring(w.title), title = "x" }
    ctx.calendar.add { title = "c", at = w.finish + "1h", duration = "10min", if_past = "now" }
  end }
]]

describe("a credential", function()
  local port = assert(sw.serve.listen("127.0.0.1:0", serve))
  local url, h = "http://127.0.0.1:" .. port, flow.home()
  local said = {}

  local function try(input, ...)
    local file = h.dir .. ".in"
    flow.write(file, input or "")
    local r = flow.beside(("%s <%s"):format(h.command(...), file), 120)
    os.remove(file)
    said[#said + 1] = r.out
    return r
  end

  local function words_file()
    local path, list = h.dir .. ".words", {}
    for _, w in pairs(C) do
      list[#list + 1] = w
    end
    table.sort(list)
    table.move(made, 1, #made, #list + 1, list)
    flow.write(path, table.concat(list, "\n") .. "\n" .. MARKER .. "\n")
    return path, #list
  end

  flow.write(h.dir .. "/config.lua", ('return { log_level = "debug", channels = { default = "ntfy", ntfy = { url = "%s/ntfy/mine", token = "secret:ntfy_token" } } }')
    :format(url))
  sw.fs.mkdir(h.dir .. "/providers")
  flow.write(h.dir .. "/providers/spy.lua", SPY)
  flow.write(h.dir .. "/rules/automations/tell.lua", RULE)

  it("is kept for each kind of service, and each is sent where it belongs", function()
    local r = try(C.ntfy, "secrets", "set", "ntfy_token")
    expect(r.code).equals(0)
    try("me\n" .. C.password .. "\n", "connect", "caldav", "--base-url", url .. "/dav")
    try(C.password .. "\nme\n", "connect", "caldav", "--name", "turned", "--base-url", url .. "/dav")
    try(C.key .. "\n", "connect", "intervals-icu", "--base-url", url)
    try(C.sealed .. "\n", "connect", "nightscout", "--base-url", url)
    try(C.client .. "\nthe-code\n", "connect", "strava", "--client-id", "77", "--paste", "--base-url", url)
    try(C.spy .. "\n", "connect", "spy", "--base-url", url)
    local names = {}
    for _, c in ipairs(json.decode(try(nil, "--json", "connections").out:match("%[.*%]"))) do
      names[#names + 1] = c.name
    end
    expect(table.concat(names, " ")).equals("caldav caldav/turned intervals-icu nightscout spy strava")
  end)

  it("comes back from a server that echoes it, and the engine goes on", function()
    said[#said + 1] = flow.beside(("timeout 6 %s || true"):format(h.command("run")), 30).out
    for _, m in ipairs { "good", "500", "500html", "200html", "403", "400", "429", "401html", "401" } do
      mode = m
      for _, name in ipairs { "spy", "intervals-icu", "nightscout", "strava" } do
        try(nil, "sync", name)
        try(nil, "--json", "sync", name)
      end
    end
    said[#said + 1] = flow.beside(("timeout 3 %s || true"):format(h.command("run")), 30).out
    local missing = {}
    for _, name in ipairs { "key", "client", "access", "sealed", "ntfy", "spy", 1, 3 } do
      missing[#missing + 1] = not (seen[name] or seen[({ key = 1, sealed = 3, spy = 4 })[name] or 0]) and tostring(name) or nil
    end
    expect(table.concat(missing, " ")).equals("")
  end)

  it("is in nothing that any command says", function()
    for _, words in ipairs { { "status" }, { "status", "--json" }, { "status", "--check" }, { "connections" }, { "--json", "connections" }, { "connections", "show", "spy" },
      { "connections", "show", "strava" }, { "--json", "connections", "show", "intervals-icu" }, { "providers", "limits" }, { "--json", "providers", "limits" },
      { "providers", "show", "spy" }, { "dump", "--canonical" }, { "dump", "--all" }, { "dump" }, { "rules", "trace" }, { "--json", "rules", "trace" }, { "records", "--json" },
      { "--json", "records", "workout", "last 9d" }, { "--json", "records", "note", "last 20d" }, { "secrets", "list" }, { "rules", "list" }, { "lint" }, { "show" } } do
      try(nil, table.unpack(words))
    end
    for _, line in ipairs { "sw.secret 'api_key'", "ctx", "records('note')", "_G", "require 'syncwell'.secret('ntfy_token')", "sw.sha1(sw.secret 'api_key')",
      "ctx.secret", "os.getenv and os.getenv('HOME')", "for k, v in pairs(_G) do print(k, v) end", "string.dump", "core" } do
      try(nil, "repl", "-e", line)
    end
    local all = table.concat(said, "\n")
    expect(#all > 3000).is_true()
    local list = { table.unpack(made) }
    for _, w in pairs(C) do
      list[#list + 1] = w
    end
    for _, w in ipairs(list) do
      local at = all:find(w, 1, true)
      expect(at and all:sub(math.max(1, at - 200), at + 60) or "").equals("")
    end
    expect(all:find("(hidden)", 1, true) ~= nil).is_true()
    expect(all:find('"area":"script","text":"providers/spy.lua: ', 1, true) ~= nil).is_true() -- what it printed is in the log
    expect(all:find('"page":"3"', 1, true)).is_nil() -- a server that gives one page for ever is not asked for ever
  end)

  it("is in no file of the home: database, journal, log of notifications", function()
    local path = words_file()
    local words = flow.read(path):gsub(MARKER .. "\n", "")
    flow.write(path, words)
    for _, file in ipairs { "syncwell.db", "syncwell.db-wal" } do
      said[#said + 1] = sw.fs.stat(h.dir .. "/" .. file) and file
    end
    local r = flow.sh(("grep -roaF -f %s %s | sort | uniq -c"):format(path, h.dir))
    expect(r.out).equals("")
    expect(flow.sh(("grep -rlaF spied %s"):format(h.dir)).out).contains("syncwell.db") -- the search finds what is there
  end)

  it("is in no worker's memory and on no process's line", function()
    mode = "good"
    local path, n = words_file()
    h.ok("connections", "resume", "spy")
    local out = os.tmpname()
    os.execute(("( python3 %s/tests/support/scan_memory.py %s %s 9 >%s 2>&1; echo done >>%s ) &"):format(flow.root, flow.quote(os.getenv("SW_BOX") or
      (os.getenv("SW_BUILD") or flow.root .. "/build") .. "/syncwell-box"), path, out, out))
    sw.sys.sleep(300)
    for _, name in ipairs { "spy", "intervals-icu", "spy" } do
      try(nil, "sync", name)
    end
    local text = ""
    for _ = 1, 400 do
      text = flow.read(out) or ""
      if text:find("done", 1, true) then
        break
      end
      sw.sys.sleep(50)
    end
    os.remove(out)
    os.remove(path)
    local found = assert(json.decode(text:match("^(.-)\n")), text)
    if found.scans == 0 and found.denied > 0 then
      skip("the memory of other processes may not be read here")
    end
    expect(found.scans > 0).is_true()
    expect((found.memory[tostring(n + 1)] or 0) > 0).is_true() -- the script's own text is found, so the search works
    found.memory[tostring(n + 1)] = nil
    expect(json.encode(found.memory)).equals(json.encode {})
    expect(json.encode(found.lines)).equals(json.encode {})
  end)

  it("is the address of what a phone posts to, and stays out of everything but the answer to connect", function()
    local r = h.ok("connect", "phone", "--no-sync")
    local secret = assert(r.out:match("/in/([%w_%-]+)"))
    flow.write(h.dir .. ".body", '{"data":{"metrics":[{"name":"step_count","units":"count","data":5}]}}')
    local log = flow.beside(("timeout 6 %s & sleep 2; for i in 1 2; do curl -s -X POST -H 'X-Key: %s' --data-binary @%s http://127.0.0.1:%d/in/%s; done; "
      .. "curl -s http://127.0.0.1:%d/in/%sx; wait"):format(h.command("serve", "--listen", "127.0.0.1:" .. port + 1), C.key, h.dir .. ".body", port + 1,
      secret, port + 1, secret), 40)
    os.remove(h.dir .. ".body")
    expect(log.out:find(secret, 1, true)).is_nil()
    for _, words in ipairs { { "status", "--json" }, { "connections" }, { "--json", "connections", "show", "phone" }, { "dump", "--all" } } do
      expect(h.run(table.unpack(words)).out:find(secret, 1, true)).is_nil()
    end
    expect(flow.sh(("grep -rlaF -- %s %s"):format(secret, h.dir)).out).equals("")
    sw.serve.close()
    h.remove()
  end)
end)

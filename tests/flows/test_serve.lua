-- serve: health, figures and the calendar feed over real sockets; loopback only.
local flow = require("flow")

local function serving(h, f, listen)
  local log = h.dir .. "/serve.out"
  os.remove(log) -- of the server before
  os.execute(("%s serve --listen %s >%s 2>&1 & echo $! >%s/pid"):format(h.command(), listen or "127.0.0.1:0", log, h.dir))
  local base
  for _ = 1, 200 do
    base = (flow.read(log) or ""):match("listening on (http://%S+)")
    if base and flow.read(log):find("running") then
      break
    end
    sw.sys.sleep(25)
  end
  local function get(path, method)
    return sw.http.request { url = path:find("^http") and path or base .. path, method = method, administrator = true }
  end
  local ok, message = pcall(f, get, flow.read(log) or "")
  flow.sh(("kill -TERM $(cat %s/pid) 2>/dev/null"):format(h.dir))
  for _ = 1, 100 do
    if (flow.read(log) or ""):find("stopped") then
      break
    end
    sw.sys.sleep(25)
  end
  if not ok then
    error(message, 0)
  end
  return flow.read(log)
end

describe("serve", function()
  it("answers health and figures, and nothing else", function()
    local h = flow.home("UTC")
    h.ok("log", "weight", "80kg")
    serving(h, function(get, said)
      local r = assert(get("/healthz"))
      expect(r.status).equals(200)
      expect(r.body).equals('{"status":"ok"}')
      r = assert(get("/metrics"))
      expect(r.body).contains("\nsyncwell_samples 1\n")
      expect(r.body).contains("# TYPE syncwell_jobs_waiting gauge")
      expect(assert(get("/etc/passwd")).status).equals(404)
      expect(assert(get("/..%2f..%2fetc/passwd")).status >= 400).is_true()
      expect(assert(get("/healthz", "POST")).status).equals(405)
      local port = said:match("listening on http://127.0.0.1:(%d+)")
      expect(flow.sh(([[exec 3<>/dev/tcp/127.0.0.1/%s; printf 'GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n' >&3; head -n 1 <&3]]):format(
        port):gsub("^", "bash -c '"):gsub("'GET", '"GET'):gsub("n' >", 'n" >') .. "'").out).contains("403")
    end)
    h.remove()
  end)

  it("hands the calendar to who knows its address, and a wrong one finds nothing", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/calendar.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")
    serving(h, function(get, said)
      local feed = said:match("calendar feed (%S+)")
      local r = assert(get(feed))
      expect(r.status).equals(200)
      expect(r.headers["Content-Type"]).contains("text/calendar")
      expect(r.body).contains("BEGIN:VCALENDAR")
      local wrong = feed:gsub("/calendar/(%x)", function(c)
        return "/calendar/" .. (c == "0" and "1" or "0")
      end)
      expect(assert(get(wrong)).status).equals(404)
      local secret = feed:match("/calendar/(%x+)")
      expect(h.run("dump", "--all").out:find(secret, 1, true)).is_nil()
      expect(flow.sh(("grep -laF %s %s/syncwell.db*"):format(secret, h.dir)).out).equals("") -- sealed
    end)
    h.remove()
  end)

  it("tells figures alone: each line is a count that has a name of ours", function()
    local h = flow.home("UTC")
    h.ok("log", "weight", "80kg")
    h.ok("log", "mood", "7")
    local names = {}
    serving(h, function(get)
      for line in (assert(get("/metrics")).body):gmatch("[^\n]+") do
        local name = line:match("^syncwell_([%l_]+) %d+$")
        expect(line .. tostring(name or line:match("^# %u+ syncwell_"))).equals(line .. (name or line:match("^# %u+ syncwell_") or "?"))
        names[#names + 1] = name
      end
    end)
    expect(table.concat(names, " ")).equals("records samples jobs_waiting jobs_given_up channels_failing http_requests_total http_refused_total "
      .. "script_runs_total script_workers_killed_total script_workers_crashed_total")
    h.remove()
  end)

  it("listens where others reach it only when /metrics has a word of some length, and says what else to do", function()
    local h = flow.home("UTC")
    for _, address in ipairs { "0.0.0.0:0", "[::]:0", "192.168.1.2:8787" } do
      local r = h.run("serve", "--listen", address)
      expect(r.code).equals(2)
      expect(r.err).contains("/metrics has no word of its own: `syncwell secrets set metrics`")
      expect(r.err).contains("proxy with TLS")
    end
    flow.sh("printf short | " .. h.command("secrets", "set", "metrics"))
    local r = h.run("serve", "--listen", "0.0.0.0:0")
    expect(r.code).equals(2)
    expect(r.err).contains("no word that is long enough")
    h.remove()
  end)

  local function asking(base)
    return function(path, word, host)
      return flow.sh(("curl -s -o /dev/null -w '%%{http_code}' %s %s %s"):format(word and "-H " .. flow.quote("Authorization: " .. word) or "",
        host and "-H " .. flow.quote("Host: " .. host) or "", flow.quote(base .. path))).out
    end
  end

  it("says how an address is written when it is given none", function()
    local h = flow.home("UTC")
    for _, address in ipairs { "8787", "example.org:80", ":80", "localhost:99999", "[::1]" } do
      local r = h.run("serve", "--listen", address)
      expect(r.code).equals(2)
      expect(r.err).contains(("cannot listen on '%s': write an address and a port, such as 127.0.0.1:8787"):format(address))
    end
    h.remove()
  end)

  it("asks for the word of /metrics once there is one, wherever it listens", function()
    local h = flow.home("UTC")
    flow.sh("printf a-word-of-24-characters! | " .. h.command("secrets", "set", "metrics"))
    for _, address in ipairs { "127.0.0.1:0", "0.0.0.0:0" } do
      local said = serving(h, function(_, text)
        local port = text:match("listening on http://[%d.]+:(%d+)")
        local ask = asking("http://127.0.0.1:" .. port)
        expect(ask("/metrics")).equals("401")
        expect(ask("/metrics", "Bearer a-word-of-24-characters?")).equals("401")
        expect(ask("/metrics", "Bearer a-word-of-24-characters")).equals("401")
        expect(ask("/metrics", "Basic a-word-of-24-characters!")).equals("401")
        expect(ask("/metrics", "Bearer a-word-of-24-characters!")).equals("200")
        expect(ask("/healthz")).equals("200")
        expect(ask("/healthz", nil, "evil.example")).equals("403")
        expect(ask("/healthz", nil, "192.168.7.7:8787")).equals(address == "0.0.0.0:0" and "200" or "403")
      end, address)
      expect(said:find("has no TLS", 1, true) ~= nil).equals(address == "0.0.0.0:0")
      expect(said:find("a-word-of", 1, true)).is_nil()
    end
    h.remove()
  end)

  it("tells no figures through a proxy's name while there is no word", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/config.lua", 'return { public_url = "https://mine.example" }')
    serving(h, function(_, text)
      local ask = asking(text:match("listening on (http://%S+)"))
      expect({ ask("/metrics"), ask("/metrics", nil, "mine.example"), ask("/healthz", nil, "mine.example") }).equals { "200", "403", "200" }
    end)
    h.remove()
  end)

  it("fires rules while it serves", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/any.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.event "note.created", backfill = true, uses = { "notify" },
  run = function(w, ctx) ctx.notify("noted") end }
]])
    serving(h, function()
      h.ok("log", "note", "a word")
      for _ = 1, 200 do
        if flow.read(h.dir .. "/notifications.log") then
          break
        end
        sw.sys.sleep(25)
      end
      expect(flow.read(h.dir .. "/notifications.log")).contains("noted")
    end)
    h.remove()
  end)
end)

-- serve: health, figures and the calendar feed over real sockets; loopback only.
local flow = require("flow")

local function serving(h, f)
  local log = h.dir .. "/serve.out"
  os.execute(("%s serve --listen 127.0.0.1:0 >%s 2>&1 & echo $! >%s/pid"):format(h.command(), log, h.dir))
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
      expect(h.dump():find(feed:match("/calendar/(%x+)"), 1, true)).is_nil()
    end)
    h.remove()
  end)

  it("does not listen on addresses others can reach, and says what to do instead", function()
    local h = flow.home("UTC")
    local r = h.run("serve", "--listen", "0.0.0.0:8787")
    expect(r.code).equals(2)
    expect(r.err).contains("proxy")
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

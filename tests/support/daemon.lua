-- Servers beside a test: started on a free port, waited for by connecting, ended by their pid. One that
-- does not start is an error with what it said, never a skip.
--   local broker = daemon.start("mosquitto -p $PORT");  broker.port;  broker.stop()
local flow = require("flow")

local daemon = {}

local function free_port()
  local r = flow.sh("python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); print(s.getsockname()[1])'")
  return assert(tonumber(r.out), "no free port: " .. r.err)
end

local function alive(pid)
  return flow.sh(("kill -0 %d 2>/dev/null"):format(pid)).code == 0
end

local function await(d, seconds)
  for _ = 1, seconds * 20 do
    local s = sw.stream.open { url = "tcp://127.0.0.1:" .. d.port, administrator = true, timeout_s = 2 }
    if s then
      s:close()
      return d
    elseif not alive(d.pid) then
      break
    end
    sw.sys.sleep(50)
  end
  d.stop()
  error("this server did not start: " .. d.command .. "\n" .. (flow.read(d.log) or ""), 3)
end

-- Start a shell command ($PORT is replaced) in the background; port: use this one again.
function daemon.start(command, port)
  local d = { port = port or free_port(), log = os.tmpname() }
  d.command = command:gsub("%$PORT", tostring(d.port))
  local r = flow.sh(("%s >%s 2>&1 </dev/null & echo $!"):format(d.command, d.log))
  d.pid = assert(tonumber(r.out), r.err)
  function d.stop()
    flow.sh(("kill %d 2>/dev/null; for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 %d 2>/dev/null || exit 0; sleep 0.1; done; kill -9 %d"):format(
      d.pid, d.pid, d.pid))
    os.remove(d.log)
  end
  return await(d, 10)
end

-- A key and a certificate of its own for 127.0.0.1 in this folder: DIR/key.pem, DIR/cert.pem.
function daemon.certificate(dir)
  local r = flow.sh(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 "
    .. "-addext subjectAltName=IP:127.0.0.1 -keyout %s/key.pem -out %s/cert.pem"):format(dir, dir))
  assert(r.code == 0, r.err)
  return dir .. "/cert.pem", dir .. "/key.pem"
end

return daemon

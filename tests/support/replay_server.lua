-- The replay server for flow tests: online services on loopback that do what a test says.
--   local server = replay.start();  server.control { set = { intervals = { key = "k", activities = list } } }
--   h.run("connect", "intervals", "--base-url", server.url);  server.log()[1].path;  server.stop()
-- What control takes, and the services: replay.py and services/.
local flow = require("flow")

local replay = {}

local function ask(url, method, value)
  local r, message = sw.http.request { url = url, method = method, administrator = true,
    body = value and sw.json.encode(value), headers = value and { ["Content-Type"] = "application/json" } }
  if not r then
    error(("the replay server did not answer: %s"):format(message), 3)
  end
  local answer = sw.json.decode(r.body)
  if r.status ~= 200 then
    error(("the replay server refused: %s"):format(answer and answer.error or r.body), 3)
  end
  return answer
end

-- The port it prints, or what it said instead.
local function wait_for_port(out, err)
  for _ = 1, 400 do
    local port = (flow.read(out) or ""):match("^listening (%d+)\n")
    if port then
      return tonumber(port)
    end
    sw.sys.sleep(25)
  end
  error("the replay server did not start: " .. (flow.read(err) or ""), 3)
end

-- A running server: { url, port, control(table), log(), clear(), stats(), requests(prefix), stop() }.
function replay.start()
  local dir = flow.temp()
  local out, err, pid = dir .. "/out", dir .. "/err", dir .. "/pid"
  os.execute(("python3 %s --parent %d >%s 2>%s & echo $! >%s"):format(
    flow.quote(flow.root .. "/tests/support/replay.py"), sw.sys.pid(), out, err, pid))
  local port = wait_for_port(out, err)
  local server = { port = port, url = "http://127.0.0.1:" .. port }
  function server.control(order)
    return ask(server.url .. "/_control", "POST", order)
  end
  function server.log()
    return ask(server.url .. "/_log", "GET")
  end
  function server.clear()
    return ask(server.url .. "/_log", "DELETE")
  end
  function server.stats()
    return ask(server.url .. "/_stats", "GET")
  end
  -- the logged requests whose path begins so
  function server.requests(prefix)
    local list = {}
    for _, r in ipairs(server.log()) do
      if r.path:sub(1, #prefix) == prefix then
        list[#list + 1] = r
      end
    end
    return list
  end
  function server.stop()
    local said = flow.read(err) or ""
    flow.sh(("kill -TERM %d"):format(tonumber(flow.read(pid))))
    sw.fs.remove_tree(dir)
    if said ~= "" then
      error("the replay server complained: " .. said, 2)
    end
  end
  return server
end

return replay

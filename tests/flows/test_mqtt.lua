-- Messages to a real broker (mosquitto), counted by mosquitto_sub: each quality, and QoS 2 exactly once
-- with the engine killed at every packet of it.
local flow = require("flow")
local daemon = require("daemon")

local NOW = "2025-03-20T20:00:00Z"
local LATER = { "2025-03-20T20:30:00Z", "2025-03-20T22:30:00Z", "2025-03-21T02:30:00Z", "2025-03-21T08:30:00Z" }

local dir = flow.temp()
flow.write(dir .. "/passwords", "")
flow.sh(("mosquitto_passwd -b %s/passwords robin s3cret"):format(dir))

-- A broker of our own; more: further lines of its configuration.
local function broker(more, port)
  local file = os.tmpname()
  flow.write(file, ("listener %s 127.0.0.1\nuser root\n%s\n"):format(port or "PORT", more or "allow_anonymous true"))
  local d = daemon.start(("sed -i s/PORT/$PORT/ %s; exec /usr/sbin/mosquitto -c %s"):format(file, file), port)
  local stop = d.stop
  function d.stop()
    stop()
    os.remove(file)
  end
  return d
end

-- Counts what arrives: listener.lines() once `n` messages are there, or none more came for half a second.
local function listen(d, options)
  local l = { file = os.tmpname() }
  local r = flow.sh(("mosquitto_sub -h 127.0.0.1 -p %d %s -q 2 -t '#' -F '%%t %%q %%p' >>%s 2>&1 </dev/null & echo $!"):format(d.port,
    options or "", l.file))
  l.pid = tonumber(r.out)
  function l.lines(n)
    local list
    for _ = 1, 60 do
      list = {}
      for line in (flow.read(l.file) or ""):gmatch("[^\n]+") do
        list[#list + 1] = line
      end
      if #list >= n then
        break
      end
      sw.sys.sleep(50)
    end
    sw.sys.sleep(n == 0 and 500 or 150) -- one too many would come now
    local _, count = (flow.read(l.file) or ""):gsub("\n", "\n")
    return list, count
  end
  function l.stop()
    flow.sh(("kill %d"):format(l.pid))
    os.remove(l.file)
  end
  -- it counts only what comes after it has subscribed
  for _ = 1, 100 do
    flow.sh(("mosquitto_pub -h 127.0.0.1 -p %d %s -t hello -m hello"):format(d.port, options or ""))
    if (flow.read(l.file) or ""):find("hello", 1, true) then
      break
    end
    sw.sys.sleep(50)
  end
  sw.sys.sleep(300)
  flow.write(l.file, "")
  return l
end

local function configure(h, port, more)
  flow.write(h.dir .. "/config.lua", ('return { channels = { default = "mqtt", mqtt = { url = "mqtt://127.0.0.1:%d", topic = "home/täst"%s } } }'):format(
    port, more or ""))
end

local function prepared(port, more, run)
  local h = flow.home("UTC")
  configure(h, port, more)
  flow.write(h.dir .. "/rules/automations/tell.lua", ([[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "20:00", uses = { "notify", "mqtt:publish" }, run = function(w, ctx) %s end }
]]):format(run or 'ctx.notify { title = "Füße hoch", text = "rest" }'))
  h.ok("--now", "2025-03-20T19:00:00Z", "run", "--once")
  return h
end

local function state(h)
  return h.json("rules", "trace")[1].actions[1].state
end

local function step(h, at)
  return h.run("--now", at or NOW, "run", "--once")
end

describe("a message by MQTT", function()
  local d = broker()
  local l = listen(d)
  local total = 0

  local function arrived(more)
    total = total + more
    local list, count = l.lines(total)
    expect(count).equals(total)
    return list[#list]
  end

  it("arrives once, whatever its quality, with its key and text", function()
    for qos = 0, 2 do
      local h = prepared(d.port, ", qos = " .. qos)
      step(h)
      step(h, LATER[1])
      local topic, quality, payload = arrived(1):match("^(%S+) (%d) (.*)$")
      expect(topic).equals("home/täst")
      expect(tonumber(quality)).equals(qos)
      expect(sw.json.decode(payload).text).equals("rest")
      expect(#sw.json.decode(payload).id).equals(32)
      expect(state(h)).equals("done")
      h.remove()
    end
  end)

  it("as an action of a rule has the rule's topic and payload", function()
    local h = prepared(d.port, "", 'ctx.mqtt.publish { topic = "lamp/1", payload = { on = true }, qos = 1 }')
    step(h)
    expect(arrived(1)).equals('lamp/1 1 {"on":true}')
    expect(state(h)).equals("done")
    h.remove()
  end)

  it("to a topic with a wildcard fails with the reason", function()
    local h = prepared(d.port, "", 'ctx.mqtt.publish { topic = "lamp/#", payload = "x" }')
    step(h)
    expect(state(h)).contains("failed: a topic is UTF-8 without")
    arrived(0)
    h.remove()
  end)

  it("waits while the broker is down and goes out once later", function()
    local h = prepared(1)
    step(h)
    expect(state(h)).equals("planned")
    configure(h, d.port)
    step(h, LATER[1])
    expect(state(h)).equals("done")
    arrived(1)
    h.remove()
  end)

  it("several at once share the one client without losing any", function()
    local h = prepared(d.port, "", 'for i = 1, 12 do ctx.notify("n" .. i) end')
    step(h)
    for _, at in ipairs(LATER) do
      step(h, at)
    end
    arrived(12)
    h.remove()
  end)

  it("that a broker forgets in the middle of QoS 2 is told of, and sent anew where its rule says so", function()
    for _, case in ipairs { { "", "^outcome unknown: the broker has forgotten", 1 },
      { ', on_unknown = "resend"', "^done$", 0 } } do
      local old, pidfile = broker(), dir .. "/pid"
      local proxy = daemon.start(("/usr/bin/python3 %s/tests/support/mqtt_proxy.py $PORT %d %s before pubrel"):format(flow.root,
        old.port, pidfile))
      local h = prepared(proxy.port, "", ('ctx.notify { title = "t", text = "rest"%s }'):format(case[1]))
      flow.sh(("%s >/dev/null 2>&1 & pid=$!; echo $pid >%s; wait $pid"):format(h.command("--now", NOW, "run", "--once"), pidfile))
      expect(state(h)).equals("sending")
      proxy.stop()
      old.stop()
      local fresh = broker()
      configure(h, fresh.port)
      for _, at in ipairs { NOW, LATER[1], LATER[2] } do
        step(h, at)
      end
      expect(state(h):match(case[2]) or state(h)).equals(state(h):match(case[2]))
      local _, told = (flow.read(h.dir .. "/notifications.log") or ""):gsub("Messages do not arrive", "")
      expect(told).equals(case[3])
      fresh.stop()
      h.remove()
    end
  end)

  it("with the engine killed at each packet of QoS 2 is there exactly once", function()
    local pidfile, report = dir .. "/pid", {}
    for _, packet in ipairs { "connack", "publish", "pubrec", "pubrel", "pubcomp" } do
      for _, when in ipairs { "before", "after" } do
        os.remove(pidfile)
        local proxy = daemon.start(("/usr/bin/python3 %s/tests/support/mqtt_proxy.py $PORT %d %s %s %s"):format(flow.root,
          d.port, pidfile, when, packet))
        local h = prepared(proxy.port)
        local r = flow.sh(("%s >/dev/null 2>&1 & pid=$!; echo $pid >%s; wait $pid; echo $?"):format(h.command("--now", NOW, "run", "--once"), pidfile))
        local code = r.out:match("%d+")
        local between = state(h)
        step(h)
        for _, at in ipairs(LATER) do
          if state(h) ~= "done" then
            step(h, at)
          end
        end
        report[#report + 1] = ("%s %s: killed %s (%s)"):format(when, packet, code, between)
        if when .. packet ~= "afterpubcomp" then -- after its last packet the engine may be quicker
          expect(report[#report]).contains(": killed 137")
        end
        expect(state(h)).equals("done")
        arrived(1)
        proxy.stop()
        h.remove()
      end
    end
    sw.sys.out("note " .. table.concat(report, ", ") .. "\n")
  end)

  it("with the engine killed at random moments is there exactly once", function()
    local seed = tonumber(os.getenv("SW_SEED")) or 20250320
    math.randomseed(seed)
    local many, kills, homes, calm_ms = 'for i = 1, 10 do ctx.notify("n" .. i) end', 0, 0, nil
    while kills < 20 and homes < 25 do
      homes = homes + 1
      local h = prepared(d.port, "", many)
      for _ = 1, calm_ms and 6 or 0 do
        local r = flow.sh(("%s >/dev/null 2>&1 & pid=$!; sleep %.3f; kill -9 $pid 2>/dev/null && echo killed; wait $pid 2>/dev/null; true"):format(
          h.command("--now", NOW, "run", "--once"), math.random(4, calm_ms) / 1000))
        kills = kills + (r.out:find("killed") and 1 or 0)
      end
      local began = sw.time.mono()
      for _, at in ipairs { NOW, table.unpack(LATER) } do
        step(h, at)
        calm_ms = calm_ms or sw.time.mono() - began
      end
      arrived(10)
      h.remove()
    end
    sw.sys.out(("note seed %d: killed %d times at random, %d messages of %d homes, each once\n"):format(seed, kills, 10 * homes, homes))
    expect(kills >= 20).is_true()
  end)

  it("ends with the tests of it", function()
    l.stop()
    d.stop()
  end)
end)

describe("a broker with TLS and passwords", function()
  local certificate, key = daemon.certificate(dir)
  local d = broker(("certfile %s\nkeyfile %s\nallow_anonymous false\npassword_file %s/passwords"):format(certificate, key, dir))
  local l = listen(d, ("--cafile %s -u robin -P s3cret"):format(certificate))

  local function config(more)
    return (', qos = 2, user = "robin"%s'):format(more)
  end

  local function secured(more)
    local h = prepared(d.port, config(more))
    flow.write(h.dir .. "/config.lua", (flow.read(h.dir .. "/config.lua"):gsub("mqtt://", "mqtts://")))
    step(h)
    return h
  end

  it("takes a message from who is known and trusts", function()
    local h = secured((', password = "s3cret", ca_file = "%s"'):format(certificate))
    expect(state(h)).equals("done")
    expect(select(2, l.lines(1))).equals(1)
    h.remove()
  end)

  it("that refuses the password fails the action for good, in words", function()
    local h = secured((', password = "wrong", ca_file = "%s"'):format(certificate))
    expect(state(h)).contains("failed: the broker")
    expect(state(h):find("wrong", 1, true)).is_nil()
    h.remove()
  end)

  it("that is not trusted gets nothing", function()
    local h = secured(', password = "s3cret"')
    expect(state(h)).equals("planned")
    expect(select(2, l.lines(1))).equals(1)
    h.remove()
  end)

  it("ends with the tests of it", function()
    l.stop()
    d.stop()
    sw.fs.remove_tree(dir)
  end)
end)

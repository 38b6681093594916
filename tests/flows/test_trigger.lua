-- SPDX-License-Identifier: MIT
-- Rules on sw.webhook: what is signed fires once, what is forged, old or meant for nobody is refused.
local flow = require("flow")
local live = require("live")

local RULE = [[local sw = require "syncwell"
return sw.rule { title = "door", on = sw.webhook "door", uses = { "notify" },
  run = function(e, ctx) ctx.notify { text = "door " .. e.body.state, channel = "file" } end }
]]
local OPEN = RULE:gsub('sw.webhook "door"', 'sw.webhook { "bell", signed = false }'):gsub("door ", "bell ")

local function post(address, body, headers)
  return assert(sw.http.request { url = address, method = "POST", body = body, headers = headers or {}, administrator = true })
end

local function signature(key, seconds, body)
  return { ["X-SyncWell-Signature"] = ("t=%d,v1=%s"):format(seconds, sw.crypto.hex(sw.crypto.hmac_sha256(key, seconds .. "." .. body))) }
end

describe("a webhook of a rule", function()
  local h = flow.home("Europe/Berlin")
  flow.write(h.dir .. "/rules/automations/door.lua", RULE)
  flow.write(h.dir .. "/rules/automations/bell.lua", OPEN)
  local engine = live.spawn(h.command("serve", "--listen", "127.0.0.1:0"))
  local port = engine.await("listening on http://127.0.0.1:(%d+)")
  local hook = h.json("rules", "webhook", "door")
  local address = hook.address:gsub("^http://[^/]+", "http://127.0.0.1:" .. tostring(port))
  local now = os.time()

  local function told()
    local lines = {}
    for line in (flow.read(h.dir .. "/notifications.log") or ""):gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    return lines
  end

  local function wait_for(n)
    for _ = 1, 100 do
      if #told() >= n then
        break
      end
      sw.sys.sleep(50)
    end
    return #told()
  end

  it("fires once for what is signed, however often it is sent", function()
    local body = '{"state":"open"}'
    for _ = 1, 3 do
      expect(post(address, body, signature(hook.key, now, body)).status).equals(200)
    end
    local spelt = signature(hook.key, now, body)["X-SyncWell-Signature"] -- replayed with another spelling
    for _, header in ipairs { spelt .. ",x=1", spelt:gsub(",", ", "), (spelt:gsub("%x+$", string.upper)) } do
      expect(post(address, body, { ["X-SyncWell-Signature"] = header }).status).equals(200)
    end
    expect(wait_for(1)).equals(1)
    sw.sys.sleep(500)
    expect(#told()).equals(1)
    expect(told()[1]).contains("door open")
  end)

  it("refuses what is unsigned, signed with another key, changed or old", function()
    local body = '{"state":"forged"}'
    expect(post(address, body).status).equals(403)
    expect(post(address, body, signature("another key", now, body)).status).equals(403)
    expect(post(address, body, signature(hook.key, now, '{"state":"open"}')).status).equals(403)
    expect(post(address, body, signature(hook.key, now - 3600, body)).body).contains("too old")
    expect(#told()).equals(1)
  end)

  it("takes the address alone as proof where the rule says so, and knows no other address or name", function()
    expect(post(address:gsub("door$", "bell"), '{"state":"rings"}').status).equals(200)
    expect(wait_for(2)).equals(2)
    expect(post(address:gsub("door$", "window"), "{}").status).equals(404)
    expect(post(address:gsub("/trigger/....", "/trigger/AAAA"), "{}").status).equals(404)
    engine.stop()
    h.remove()
  end)
end)

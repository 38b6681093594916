-- SPDX-License-Identifier: MIT
-- A provider script that means harm, and a service that helps it: what they try costs them, and nobody else.
local flow = require("flow")
local live = require("live")

local json = sw.json
local SECRET, OTHER = "mole-credential-5c1e", "otherpassword"

local said, answer_with = {}, "[]"
local port = assert(sw.serve.listen("127.0.0.1:0", function(r, answer)
  said[#said + 1] = r
  answer(200, { ["Content-Type"] = "application/json" }, answer_with)
end))
local url = "http://127.0.0.1:" .. port

local function script(id, fetch, more)
  return ([[local sw = require "syncwell"
return sw.provider { id = "%s", title = "T", hosts = { "localhost", "x.example" }, base = "https://x.example", %s
  auth = sw.key { header = "X-Key", secret = "api_key" }, secrets = { api_key = "x" }, poll = "1h",
  reads = { all = { fetch = function(acct, window, out) %s end } } }
]]):format(id, more or "", fetch)
end

local function home(id, fetch, secret)
  local h = flow.home("UTC")
  flow.write(h.dir .. "/config.lua", 'return { log_level = "debug" }')
  sw.fs.mkdir(h.dir .. "/providers")
  flow.write(h.dir .. "/providers/" .. id .. ".lua", script(id, fetch))
  local r = flow.beside(("printf '%s\\n' | %s"):format(secret or SECRET, h.command("connect", id, "--base-url", url)), 60)
  return h, r.out
end

local function notes(h)
  local texts = {}
  for _, r in ipairs(h.json("records", "note")) do
    texts[#texts + 1] = r.attributes.text
  end
  return table.concat(texts, "\n")
end

local NOTE = 'out.record { kind = "note", id = "n", start = window.from, attributes = { text = %s } }'

describe("a hostile script", function()
  it("learns no credential from the sentence that refuses a placeholder in a placeholder", function()
    local _, out = home("mole", [[
      local list = {}
      for _, kind in ipairs { "secret", "sha1", "nonsense", "" } do
        for _, shape in ipairs { "\1%s:\1secret:api_key\2\2", "\1\1secret:api_key\2:%s\2", "\1%s\1secret:api_key\2:x\2" } do
          local ok, why = pcall(acct.request, { path = "/", headers = { ["X-Q"] = shape:format(kind) } })
          list[#list + 1] = type(why) == "table" and (why.message or why.text) or tostring(why)
        end
      end
      print(table.concat(list, "\\n"):reverse())]])
    local text = out:reverse()
    expect(text).contains("is not there")
    expect(text:find(SECRET, 1, true) == nil).is_true()
  end)

  it("does not hold up the engine with placeholders", function()
    local began = sw.time.mono()
    local h, out = home("deep", ([[
      local ok, why = pcall(acct.request, { path = "/", body = ("\1sha1:"):rep(30000) .. ("\2"):rep(30000) })
      local fine, what = pcall(acct.request, { path = "/", body = ("\1sha1:a\2"):rep(25000) })
      ]] .. NOTE):format('tostring(why) .. tostring(what)'))
    expect(sw.time.mono() - began < 8000).is_true()
    expect(out .. json.encode(h.json("connections"))).contains("more than 20 placeholders")
  end)

  it("cannot try passwords of other connections on what is hidden in an answer", function()
    local h = home("own", "")
    answer_with = json.encode { list = { "aaaaaaaaaa", OTHER, "zzzzzzzzzz", SECRET } }
    flow.write(h.dir .. "/providers/zguess.lua", script("zguess", ([[
      local res = acct.request { path = "/" }
      ]] .. NOTE):format('res.text:reverse()')))
    flow.beside(("printf '%s\\n' | %s"):format(OTHER, h.command("connect", "own", "--name", "second", "--base-url", url)), 60)
    flow.beside(("printf 'my-own-secret\\n' | %s"):format(h.command("connect", "zguess", "--base-url", url)), 60)
    flow.beside(h.command("sync"), 60) -- one process that opens all of them
    answer_with = "[]"
    expect(notes(h):reverse()).contains(SECRET)
    expect(notes(h):reverse()).contains(OTHER)
  end)

  it("reaches no private machine but the one that --base-url names", function()
    local before = #said
    local _, out = home("inside", [[acct.request { path = "https://localhost/x" }]])
    expect(out).contains("only an administrator may allow")
    expect(#said).equals(before)
  end)

  it("leaves records that can be read", function()
    local h = home("shapes", [[
      out.record { kind = "sleep", id = "s", start = window.from, finish = window.from + 3600000, segments = { 1, "x", true } }
      out.record { kind = "sleep", id = "t", start = window.from, finish = window.from + 3600000, segments = { { start = {}, stage = { {} } } } }
      out.record { kind = "note", id = ("x"):rep(100000), start = window.from, attributes = { text = "long" } }]])
    local r = h.run("--json", "records", "all")
    expect(r.code).equals(0)
    expect(#json.decode(r.out)).equals(3)
  end)

  -- The function of a sample's value is called from C, an element at a time.
  it("is stopped in the function of a value too, and what it asks or raises there is a refusal", function()
    answer_with = '{"a":[{"t":1,"v":1},{"t":2,"v":2}]}'
    for value, says in pairs { ["while true do end"] = "ms of CPU time", ["local s = 'x' while true do s = s .. s end"] = "0 new, 2 rejected",
      ["while true do pcall(error, 'x') end"] = "ms of CPU time",
      ["while true do local ok = pcall(function() while true do end end) end"] = "ms of CPU time" } do
      local h, out = home("spin", ([[local res = acct.request { path = "/" }
        out.series(res.json.a, { metric = "heart_rate", unit = "/min", time = "t", clock = "unix", value = function(x) %s end })]]):format(value))
      expect(out .. json.encode(h.json("connections"))).contains(says)
    end
    local h = home("asks", ([[local res = acct.request { path = "/" }
      local list, why = res.json.a, nil
      out.series(list, { metric = "heart_rate", unit = "/min", time = "t", clock = "unix", value = function(x)
        local ok, message = pcall(acct.request, { path = "/" })
        why = ok and "it waited" or tostring(message)
        error(setmetatable({}, { __tostring = function() while true do end end }))
      end })
      ]] .. NOTE):format("why"))
    answer_with = "[]"
    local said_there = notes(h)
    expect(said_there:find("it waited", 1, true)).is_nil()
    expect(#said_there > 5).is_true()
    expect(#h.json("query", "heart_rate", "--every", "raw", "--from", "1970-01-01", "--to", "1970-01-02")).equals(0)
  end)

  it("cannot fill the engine's memory in one page", function()
    local h, out = home("fat", [[
      for k = 1, 900 do
        local big = {}
        for i = 1, 200 do big[i] = { start = 1, stage = "x" } end
        for i = 1, 20 do out.record { kind = "sleep", id = k .. "." .. i, start = window.from, segments = big } end
      end]])
    expect(out .. json.encode(h.json("connections"))).contains("MB in one page")
  end)
end)

describe("a declaration of odd types", function()
  it("is refused with a sentence and disturbs no other provider", function()
    local h = flow.home("UTC")
    sw.fs.mkdir(h.dir .. "/providers")
    for i, more in ipairs { "title = 5", "title = 't', reads = 5", "title = 't', reads = { a = 5 }", "title = 't', reads = { a = { days = 5 } }",
      "title = 't', reads = { a = { days = { values = 5 } } }", "title = 't', reads = { a = { series = { 5 } } }", "title = 't', limits = { 5 }",
      "title = 't', auth = 5", "title = 't', auth = { kind = 'x' }", "title = 't', hosts = { {} }", "title = 't', reads = { a = { lookback_s = 0/0 } }",
      "title = 't', poll_s = -5", "title = 't', limits = { { most = 0, per_s = 1 } }", "title = 't', webhook = { verify = 5 }", "title = 't', hosts = { 'y.example' }",
      "title = 't', hosts = { 'x.example', 'a\\27[31m' }", "title = 't\\27[31m', hosts = { 'x.example' }" } do
      flow.write(h.dir .. "/providers/odd-" .. string.char(96 + i) .. ".lua",
        ("return { kind = 'provider', id = 'odd-%s', base = 'https://x.example', %s }"):format(string.char(96 + i), more))
    end
    local r = h.run("providers", "list")
    expect(r.code).equals(0)
    expect(r.out).contains("strava")
    expect(r.out).contains("not among its hosts")
    expect(r.out:find("\27", 1, true)).is_nil()
    expect(h.run("providers", "show", "odd-q").out:find("\27", 1, true)).is_nil()
    local one = h.run("connect", "odd-b")
    expect(one.err).contains("provider.reads is no table")
  end)
end)

describe("what a rule writes into the calendar", function()
  it("is text of its own entry, and a uid that would spoil the file is refused", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/cal.lua", [[local sw = require "syncwell"
return sw.rule { title = "c", on = sw.event "workout.created", backfill = true, uses = { "calendar:write" },
  run = function(w, ctx)
    for _, uid in ipairs { "a\r\nBEGIN:VALARM", "x\27[31m", "", ("u"):rep(300), "fine/../one" } do
      ctx.calendar.add { uid = uid, title = "T\r\nATTENDEE:mailto:x@y\r\nEND:VEVENT", at = w.finish, duration = "10min", if_past = "now",
        notes = "N\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nSUMMARY:forged" }
    end
  end }]])
    h.ok("log", "workout", "running", "30min")
    h.run("run", "--once")
    local text = flow.read(h.dir .. "/calendar.ics")
    expect(select(2, text:gsub("\r\nBEGIN:VEVENT\r\n", ""))).equals(1)
    expect(text).contains("\r\nUID:fine/../one\r\n")
    for _, line in ipairs { "ATTENDEE", "BEGIN:VALARM", "SUMMARY:forged" } do
      expect(text:find("\n" .. line, 1, true)).is_nil()
    end
    expect(text:gsub("\r\n", ""):find("%c")).is_nil()
    local refused = 0
    for _, a in ipairs(h.json("rules", "trace")[1].actions) do
      refused = refused + (a.state:find("without control bytes", 1, true) and 1 or 0)
    end
    expect(refused).equals(4)
    h.remove()
  end)
end)

describe("an engine that crashes", function()
  it("leaves no core with credentials on the disk", function()
    local h = flow.home("UTC")
    local p = live.spawn("ulimit -c unlimited; exec " .. h.command("run"))
    p.await("running; home")
    local limits = flow.read("/proc/" .. p.pid .. "/limits")
    p.kill("TERM")
    p.wait(20)
    expect(limits:match("Max core file size%s+(%S+)%s+(%S+)")).equals("0")
    h.remove()
  end)
end)

describe("a record of odd types", function()
  local ODD = { "abc", json.list { 1, 2 }, { a = { b = 1 } }, true, 1e308, -1e308, 1000000000000000000 }
  local NAMES = { "elapsed_s", "distance_m", "hr_avg", "asleep_s", "in_bed_s", "energy_kcal", "efficiency", "name", "note", "title", "text",
    "sport", "value", "unit", "metric", "nap", "bed_day", "timer_s", "hr_max", "ascent_m" }

  it("is listed, exported and told to rules like any other, whatever file brought it", function()
    local h, lines, day = flow.home("UTC"), {}, sw.time.now() // 86400000 * 86400000 - 86400000
    lines[1] = json.encode { line = "syncwell", version = 1 }
    lines[2] = json.encode { line = "origin", id = "1", provider = "file", name = "t", maker = "", model = "", class = "", ident = "" }
    for _, kind in ipairs { "workout", "sleep", "meal", "mindful", "measurement", "note" } do
      for i, odd in ipairs(ODD) do
        local attributes, segment, start = {}, {}, day + #lines * 600000
        for _, name in ipairs(NAMES) do
          attributes[name], segment[name] = odd, odd
        end
        segment.start, segment.finish, segment.stage = odd, odd, odd
        lines[#lines + 1] = json.encode { line = "record", id = ("%x"):format(#lines + 999), group = ("%x"):format(#lines + 999), kind = kind, type = kind,
          start_ms = start, finish_ms = start + 300000, offset_start = 0, offset_finish = 0, day = sw.time.day_text(start // 86400000),
          external_id = kind .. i, origin = "1", connection = { provider = "file", name = "files" }, state = "final",
          revision = i == 1 and math.maxinteger or 1, attributes = attributes, segments = json.list { segment, odd } }
      end
    end
    flow.write(h.dir .. "/odd.jsonl", table.concat(lines, "\n") .. "\n")
    h.ok("rules", "install", "hydrate")
    h.ok("import", h.dir .. "/odd.jsonl")
    for _, words in ipairs { "records workout", "records sleep", "records all", "records all --json", "export ics --out " .. h.dir .. "/o.ics",
      "export fhir --out " .. h.dir .. "/o.fhir", "export omh --out " .. h.dir .. "/o.omh", "export csv --out " .. h.dir .. "/o", "rules why hydrate",
      "rules backtest hydrate --since 7d", "rules backtest nightly_digest --since 7d", "run --once", "status", "check" } do
      local r = h.run(table.unpack(flow.words(words)))
      expect(words .. " " .. r.code).equals(words .. " 0")
      expect((r.out .. r.err):find("internal error", 1, true)).is_nil()
    end
    expect(#h.json("records", "all")).equals(6 * #ODD)
    for _, r in ipairs(h.json("records", "workout")) do
      expect(r.revision < 1 << 41).is_true()
      expect(r.attributes.elapsed_s == nil or type(r.attributes.elapsed_s) == "number").is_true()
    end
    h.remove()
  end)
end)

describe("a name that a file brings", function()
  local EVIL = "\27[2JEVIL\194\155 31m\226\128\174RTL\7\8"

  local function on_terminal(h, ...)
    local r = flow.sh(("TERM=xterm timeout 30 script -qec %s /dev/null </dev/null"):format(flow.quote(h.command(...))))
    return r.out
  end

  it("never drives the terminal, whichever command shows it", function()
    if flow.sh("command -v script").code ~= 0 then
      skip("needs script(1)")
    end
    local h = flow.home("UTC")
    flow.write(h.dir .. "/evil.jsonl", json.encode { line = "syncwell", version = 1 } .. "\n"
      .. json.encode { line = "origin", id = "1", provider = "file", name = EVIL, maker = EVIL, model = EVIL, class = "watch", ident = EVIL } .. "\n")
    local named = EVIL:gsub("[%c]", "")
    flow.write(h.dir .. "/export.xml", ([[<?xml version="1.0" encoding="UTF-8"?><HealthData locale="en">
<Record type="HKQuantityTypeIdentifierStepCount" sourceName="%s" unit="count" startDate="2026-03-01 09:00:00 +0000" endDate="2026-03-01 09:10:00 +0000" value="500"/>
<Workout workoutActivityType="%s" duration="60" durationUnit="min" sourceName="%s" startDate="2026-03-01 09:00:00 +0000" endDate="2026-03-01 10:00:00 +0000"/>
</HealthData>]]):format(named, named, named))
    h.ok("import", h.dir .. "/export.xml")
    for _, words in ipairs { "import " .. h.dir .. "/evil.jsonl", "origins", "origins --json", "records workout", "records all --json", "explain steps 2026-03-01",
      "explain workout 2026-03-01", "query steps --every raw --from 2026-03-01 --to 2026-03-02 --json", "dump", "status", "show" } do
      local text = on_terminal(h, table.unpack(flow.words(words)))
      expect(#text > 0).is_true()
      local bare = text:gsub("\27%[[%d;]*[mK]", "")
      for _, mark in ipairs { "\27", "\194\155", "\226\128\174", "\7", "\8" } do
        expect((bare:find(mark, 1, true) and words or "") .. mark:gsub("%c", "")).equals((mark:gsub("%c", "")))
      end
    end
    h.remove()
  end)
end)

describe("a hint", function()
  it("from before all time asks for a bounded span", function()
    local pull = require("pull")
    for _, from in ipairs { math.mininteger, -1e300, -9e15 } do
      local list = pull.windows({ zone = "UTC" }, {}, nil, sw.time.now(), from)
      expect(#list < 2000).is_true()
    end
  end)
end)

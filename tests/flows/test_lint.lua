-- SPDX-License-Identifier: MIT
-- What the author of a provider is told: every mistake, its place, the word that was meant.
local flow = require("flow")

local BAD = [[
local sw = require "syncwell"

return sw.provider {
  id = "acme", titel = "Acme Ring", hosts = { "https://api.acme.example" },
  base = "https://api.acme.example",
  reads = {
    sleep = {
      path = "/v2/sleep", lookbak = "3d", kind = "sleep",
      map = { id = "id", start = sw.iso "bedtime_start", efficency = "efficiency", rem_s = 5 },
    },
    heart = { series = { metric = "heartrate", time = 5, value = "bpm" } },
  },
}
]]

describe("lint of a provider", function()
  local h = flow.home()
  sw.fs.mkdir(h.dir .. "/providers")
  local path = h.dir .. "/providers/acme.lua"

  it("names every mistake with its line, a caret and what was meant", function()
    flow.write(path, BAD)
    for _, words in ipairs { { "lint" }, { "lint", path }, { "lint", h.dir .. "/providers" } } do
      local r = h.run(table.unpack(words))
      expect(r.code).equals(1)
      for _, part in ipairs { "providers/acme.lua:4: unknown key 'titel' in provider (did you mean 'title'?)\n  id = \"acme\", titel",
        "\n               ^\n", "provider lacks 'title'", "'hosts' in provider must be a list of hosts", "unknown key 'lookbak' in reads.sleep (did you mean 'lookback'?)",
        "unknown field 'efficency' of a sleep in reads.sleep (did you mean 'efficiency'?)", "acme.lua:9: 'rem_s' in reads.sleep is neither",
        "reads.heart needs a path", "reads.heart.series: 'time' is a path" } do
        expect(r.out).contains(part)
      end
    end
    expect(#h.json("lint")[1].errors).equals(8)
  end)

  it("knows metrics, units and the file's name", function()
    flow.write(path, [[local sw = require "syncwell"
return sw.provider { id = "acne", title = "A", base = "https://a.example", hosts = { "a.example" }, reads = {
  pulse = { path = "/p", series = { metric = "heartrate", time = "t", value = "v" } },
  body = { path = "/b", days = { day = "d", values = { weight = sw.value { "w", unit = "kcal" } } } } } }
]])
    local r = h.run("lint")
    expect(r.code).equals(1)
    expect(r.out).contains("its id is 'acne'; it must be 'acme'")
    expect(r.out).contains("reads.pulse.series: there is no metric 'heartrate' (did you mean 'heart_rate'?)")
    expect(r.out).contains("reads.body.days: 'kcal' does not become 'kg', the unit of weight")
  end)

  it("knows what a login needs, and that a session stands instead of auth", function()
    local function said(body)
      flow.write(path, ('local sw = require "syncwell"\nreturn sw.provider { id = "acme", title = "A", base = "https://a.example", '
        .. 'hosts = { "a.example" }, %s\n  %s }\n'):format(body:find("secrets", 1, true) and "" or 'secrets = { user = "u" },', body))
      return h.run("lint").out
    end
    local login = 'login = function() return { path = "/in", json = { user = sw.secret "user" } } end'
    expect(said('session = { token = "t", age = "20h" }, ' .. login)).contains("providers/acme.lua: fine\n")
    expect(said('session = { tokn = "t" }, ' .. login)).contains("acme.lua:3: unknown key 'tokn' in session (did you mean 'token'?)")
    expect(said('session = { token = "t" }')).contains("a session needs login")
    expect(said(login)).contains("a login needs session")
    expect(said('session = { token = "t" }, auth = sw.key { secret = "user" }, ' .. login)).contains("auth or a session, not both")
    expect(said('session = { token = "t", keep = { user = "x" } }, ' .. login)).contains("keep in session: 'user' is taken")
    expect(said('session = { token = "t" }, secrets = { session = "s" }, ' .. login)).contains("a secret cannot be called session")
    expect(said('sesion = { token = "t" }')).contains("unknown key 'sesion' in provider (did you mean 'session'?)")
    expect(said('after_conect = function() end')).contains("did you mean 'after_connect'?")
  end)

  it("finds nothing in what is shipped, the template included, and survives what is no provider", function()
    expect(h.run("lint", flow.root .. "/providers").out:find("acme", 1, true)).is_nil()
    flow.write(path, (flow.read(flow.root .. "/providers/_template.lua"):gsub('"acme%-ring"', '"acme"')))
    local out = h.run("lint").out
    expect(out).contains("providers/acme.lua: fine\n  it may: ")
    expect(out).contains("talk to ")
    for _, odd in ipairs { "", "return 5", "return {", "error 'x'", "error {}", "while true do end", "return require 'syncwell'.provider(5)",
      "return require 'syncwell'.provider { reads = 5 }", "return require 'syncwell'.provider { reads = { x = 5 } }", "\27Lua" } do
      flow.write(path, odd)
      local r = h.run("lint")
      expect(odd .. r.code).equals(odd .. "1")
      expect(#r.out > 10).is_true()
    end
    h.remove()
  end)
end)

describe("lint of a rule", function()
  local other = flow.home("UTC")

  local function linted(source)
    flow.write(other.dir .. "/r.lua", source)
    return other.run("lint", other.dir .. "/r.lua")
  end

  local head = 'local sw = require "syncwell"\nlocal kept, list = 0, { a = { b = 1 } }\nlocal function helper(n) %s end\n'
    .. 'return sw.rule { title = "A", on = sw.event "workout.created", uses = { "notify" },\n  when = function(w, ctx) %s end,\n'
    .. "  run = function(w, ctx) %s end }\n"

  it("refuses what would outlive a run: locals of the file, their fields, globals", function()
    for _, bad in ipairs { "kept = 1", "kept, x = 1, 2", "list.a.b = 2", 'list["a"] = nil', "table.insert(list, 1)", "helper = nil",
      "local q = 1; q, list.a = 2, 3", "for i = 1, 2 do kept = kept + i end", "local f = function() kept = 2 end f()",
      "if kept then local kept = 1 else kept = 2 end" } do
      local r = linted(head:format("", "return true", bad))
      expect(r.code).equals(1)
      expect(r.out).contains("r.lua:6: ")
      expect(r.out).contains("is a local of the whole file")
    end
    expect(linted(head:format("", "seen = 1 return true", "")).out).contains("r.lua:5: 'seen' is a global, and scripts have none")
    expect(linted(head:format("function other() end", "return true", "")).out).contains("r.lua:3: 'other' is a global")
  end)

  it("leaves what belongs to a run alone, whatever it is called", function()
    for _, fine in ipairs { "local kept = 1; kept = 2", "local list = {}; list.a = 1; table.insert(list, 1)",
      "for kept, list in pairs {} do kept = list end", "ctx.state.n = 1", "local t = { kept = 1, [list] = 2, list }",
      "local function kept(list) list = list .. 'x' kept = nil return list end", "repeat local kept = 1; kept = kept + 1 until true",
      "do local kept <const> = 1 end print(kept == 1, list.a == 2)", "goto kept ::kept::", "local s = [[kept = 1]] -- kept = 2\n",
      "--[[ kept = 3 ]] while kept do local x = kept; x = 2 break end", "if kept == 1 then local kept = 2; kept = 3 end" } do
      local r = linted(head:format("local x; x = n return x", "return helper(kept)", fine))
      expect(r.out).contains("r.lua: fine")
    end
  end)

  it("names actions that no grant covers, with the line to add", function()
    local r = linted(head:format("", "return true", 'ctx.notify "x" ctx.calendar.add { title = "x", at = w.finish }'))
    expect(r.code).equals(1)
    expect(r.out).contains("r.lua:6: ctx.calendar.add is not granted to this rule")
    expect(r.out).contains('add the line: uses = { "calendar:write" },')
    expect(r.out:find("ctx.notify is not", 1, true)).is_nil()
  end)

  other.remove()
end)

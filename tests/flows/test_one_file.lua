-- SPDX-License-Identifier: MIT
-- What is added by one file and named nowhere else: a copy of the program's Lua with that file in it.
local flow = require("flow")

-- The program with a copy of its Lua files: dir, and the words to start it with.
local function copy()
  local dir = flow.temp()
  flow.sh(("cp -rL %s/share %s/share"):format(flow.quote(flow.binary:match("^(.*)/")), dir))
  return dir .. "/share/lua", ("SYNCWELL_SHARE=%s/share %s --home %s/home "):format(dir, flow.binary, dir), dir
end

describe("one file", function()
  it("makes a channel: messages go by it, its settings are known, checked and told", function()
    local lua, program, dir = copy()
    local seen = {}
    local port = assert(sw.serve.listen("127.0.0.1:0", function(request, answer)
      seen[#seen + 1] = request
      answer(200, {}, "{}")
    end))
    flow.write(lua .. "/notify/gotify.lua", [[
local channels = require("channels")
local http_channel = require("http_channel")

local gotify = { keyed = false, stands_in = 5, settings = {
  url = { "string", doc = "your server: https://HOST/message" },
  token = { "string", doc = "of an application there" },
} }

function gotify.send(ctx, _, args)
  local to = channels.of(ctx, "gotify")
  return http_channel.post { url = to.url, headers = { ["Content-Type"] = "application/json", ["X-Gotify-Key"] = to.token },
    body = sw.json.encode { title = args.title, message = args.text } }
end

return gotify
]])
    flow.sh(program .. "init --test --zone UTC")
    local config = dir .. "/home/config.lua"
    flow.write(config, 'return { channels = { default = "gotify", gotify = { url = "x", tokn = "t" } } }')
    expect(flow.sh(program .. "status").err).contains("channels: gotify: unknown key 'tokn' (did you mean 'token'?)")
    flow.write(config, ('return { channels = { default = "gotify", gotify = { url = "http://127.0.0.1:%d/message", token = "t" } } }'):format(port))
    flow.write(dir .. "/home/rules/automations/tell.lua", [[local sw = require "syncwell"
return sw.rule { title = "t", on = sw.at "20:00", uses = { "notify" },
  run = function(w, ctx) ctx.notify { title = "Walk", text = "now", channel = "gotify" } end }
]])
    expect(flow.sh(program .. "lint").code).equals(0)
    flow.beside(program .. "--now 2025-03-20T19:00:00Z run --once")
    flow.beside(program .. "--now 2025-03-20T20:00:00Z run --once")
    expect(#seen).equals(1)
    expect(seen[1].headers["x-gotify-key"]).equals("t")
    expect(sw.json.decode(seen[1].body)).equals { title = "Walk", message = "now" }
    expect(flow.sh(program .. "doc config").out).contains("of an application there")
    sw.fs.remove_tree(dir)
  end)

  it("makes an export format: help, completion and the command know it", function()
    local lua, program, dir = copy()
    flow.write(lua .. "/export/tsv.lua", [[
local exporting = require("exporting")

local tsv = { doc = "tabs between", extension = "tsv" }

function tsv.write(job)
  for s in job:series() do
    job:samples(s, { instant = s.metric.name .. "\t{value}\t" .. exporting.literal(s.metric.unit) .. "\n" })
  end
end

return tsv
]])
    flow.sh(program .. "init --test --zone UTC")
    flow.sh(program .. "log weight 80kg")
    expect(flow.sh(program .. "export tsv").out).equals("weight\t80\tkg\n")
    expect(flow.sh(program .. "export --help").out).contains("tsv: tabs between.")
    expect(flow.sh(program .. "completion words -- export t").out).equals("tsv\t\n")
    sw.fs.remove_tree(dir)
  end)

  it("makes a metric by one row, and a row that is wrong is named with its file", function()
    local lua, program, dir = copy()
    local mind = flow.read(lua .. "/metrics/mind.lua")
    local function row(text)
      flow.write(lua .. "/metrics/mind.lua", (mind:gsub("return {\n", "return {\n" .. text .. ",\n", 1)))
      return flow.sh(program .. "metrics")
    end
    local good = '{ name = "mojo", title = "Mojo", unit = "1", kind = "instant", daily = "mean", max = 9 }'
    expect(row(good).out).contains("mojo")
    for _, case in ipairs {
      { "daily = ", "dayly = ", "lua/metrics/mind.lua: metric 'mojo': unknown key 'dayly' (did you mean 'daily'?)" },
      { 'unit = "1", ', "", "lua/metrics/mind.lua: metric 'mojo': 'unit' is missing" },
      { "instant", "instnt", "lua/metrics/mind.lua: metric 'mojo': there is no kind 'instnt'" },
      { "mean", "median", "lua/metrics/mind.lua: metric 'mojo': a day is not its 'median'" },
      { "max = 9", "max = 9, min = '0'", "lua/metrics/mind.lua: metric 'mojo': 'min' must be a number, not a string" },
      { 'unit = "1"', 'unit = "mojos"', "lua/metrics/mind.lua: metric 'mojo' has the unknown unit 'mojos'" },
    } do
      expect(row((good:gsub(case[1], case[2]))).err).contains(case[3])
    end
    sw.fs.remove_tree(dir)
  end)
end)

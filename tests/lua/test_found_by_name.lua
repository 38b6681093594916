-- SPDX-License-Identifier: MIT
-- Whatever is found by its file name (commands, importers, jobs, channels, export formats, rules ...) has its parts.
local commands = require("commands")
local flow = require("flow")
local schema = require("schema")

local groups = {}
for _, group in ipairs(commands.groups) do
  groups[group[1]] = true
end

local function modules(folder)
  local list = {}
  for _, name in ipairs(sw.fs.list(flow.root .. "/lua/" .. folder)) do
    local module = name:match("^([%w_]+)%.lua$")
    if module and module ~= "init" then
      list[module] = require(folder .. "." .. module)
    end
  end
  return list
end

-- Problems of every module of a folder as text, one a line; "" when all have their parts.
local function problems(folder, check)
  local out, n = {}, 0
  for name, module in pairs(modules(folder)) do
    n = n + 1
    check(module, function(text)
      out[#out + 1] = ("lua/%s/%s.lua: %s"):format(folder, name, text)
    end)
  end
  expect(n > 0).is_true()
  table.sort(out)
  return table.concat(out, "\n")
end

local function needs(module, say, kind, ...)
  for _, key in ipairs { ... } do
    if type(module[key]) ~= kind then
      say(("%s must be a %s"):format(key, kind))
    end
  end
end

describe("what is found by its file name", function()
  it("every command says what it is for, how it is called, and runs", function()
    expect(problems("cli", function(command, say)
      needs(command, say, "string", "summary", "group", "usage", "example")
      needs(command, say, "function", "run")
      needs(command, say, "table", "options")
      if not groups[command.group] then
        say(("group is one of %s"):format(table.concat(schema.keys(groups), ", ")))
      end
      if command.example == "" or command.summary == "" then
        say("summary and example are not empty")
      end
    end)).equals("")
  end)

  it("every importer has its parts and maps its columns to metrics there are", function()
    local metrics = {}
    for _, m in ipairs(sw.store.metrics()) do
      metrics[m.name] = true
    end
    expect(problems("import", function(format, say)
      needs(format, say, "string", "title")
      needs(format, say, "table", "columns")
      needs(format, say, "function", "start", "message", "finish")
      for name, row in pairs(format.columns or {}) do
        if not metrics[row.metric or ""] then
          say(("column %s: there is no metric '%s'"):format(name, tostring(row.metric)))
        end
      end
    end)).equals("")
  end)

  it("every job kind runs and every channel sends", function()
    expect(problems("jobs", function(job, say) needs(job, say, "function", "run") end)).equals("")
    expect(problems("notify", function(channel, say)
      needs(channel, say, "function", "send")
      if type(channel.keyed) ~= "boolean" and type(channel.open) ~= "function" then
        say("keyed must be true or false, or open say it of a message")
      end
      for key, setting in pairs(channel.settings or {}) do
        if type(setting[1]) ~= "string" or #(setting.doc or "") < 6 then
          say(("the setting '%s' must be { TYPE, doc = ... }"):format(key))
        end
      end
    end)).equals("")
  end)

  it("every export format says what it is and writes", function()
    expect(problems("export", function(format, say)
      needs(format, say, "string", "doc", "extension")
      needs(format, say, "function", format.parts and "parts" or "write")
    end)).equals("")
  end)

  it("every family of metrics is loaded", function()
    local there = {}
    for _, m in ipairs(sw.store.metrics()) do
      there[m.name] = true
    end
    expect(problems("metrics", function(rows, say)
      for _, row in ipairs(rows) do
        if not there[row.name] then
          say(("the metric '%s' is not loaded: lua/boot.lua names the families"):format(row.name))
        end
      end
    end)).equals("")
  end)

  it("every action of rules says its grant, whether it may be repeated, and how it is done", function()
    local seen = 0
    expect(problems("actions", function(action, say)
      if type(action.get) ~= "function" then
        needs(action, say, "string", "grant")
        needs(action, say, "boolean", "keyed")
        needs(action, say, "function", "send")
        seen = seen + 1
      end
    end)).equals("")
    expect(seen >= 8).is_true()
  end)

  it("every shipped rule lints clean", function()
    local h = flow.home()
    local r = h.run("--json", "lint", flow.root .. "/rules/automations")
    local list = sw.json.decode(r.out)
    expect(r.code).equals(0)
    expect(#list >= 3).is_true()
    for _, rule in ipairs(list) do
      expect(rule.error).is_nil()
    end
    h.remove()
  end)
end)

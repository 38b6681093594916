-- SPDX-License-Identifier: MIT
-- What scripts may write is told from one schema: page, terminal, types of an editor, JSON Schema.
local flow = require("flow")

local json = sw.json

local function reachable()
  local names = {}
  for line in flow.read(flow.root .. "/tests/sandbox/reach.txt"):gmatch("[^\n]+") do
    local name = line:match("^sw%.([%w_]+)$")
    names[#names + 1] = name
  end
  return names
end

local function syncwell(...)
  local words = { flow.quote(flow.binary) }
  for _, word in ipairs { ... } do
    words[#words + 1] = flow.quote(word)
  end
  return flow.sh(table.concat(words, " "))
end

describe("the reference", function()
  it("stands in lua/README.md and lua/meta as the program makes it", function()
    for file, made in pairs { ["lua/README.md"] = syncwell("doc", "--markdown"), ["lua/meta/syncwell.lua"] = syncwell("types") } do
      expect(flow.stale(file, flow.read(flow.root .. "/" .. file), made.out)).equals("")
    end
  end)

  it("has a cookbook of the catalogue in rules/README.md as the program makes it", function()
    local kept = flow.read(flow.root .. "/rules/README.md"):match("<!%-%- the cookbook.-<!%-%- end of the cookbook %-%->\n")
    local made = syncwell("doc", "--cookbook")
    expect(made.err).equals("")
    expect(flow.stale("rules/README.md", kept, made.out)).equals("")
    for _, file in ipairs(sw.fs.list(flow.root .. "/rules/automations")) do
      local entry = made.out:match("%(`" .. file:gsub("%.lua$", "") .. "`%)(.-)###") or made.out:match("%(`" .. file:gsub("%.lua$", "") .. "`%)(.*)")
      expect(file .. ": " .. (entry or "")).contains("\n- it ")
    end
  end)

  it("knows every name a script can reach in the library, with a sentence, and no other", function()
    local all = json.decode(syncwell("--json", "doc").out)
    local count = 0
    for _, name in ipairs(reachable()) do
      local c = all.constructors[name]
      expect(c and c.doc and #c.doc > 3 and name).equals(name)
      count = count + 1
    end
    for name in pairs(all.constructors) do
      count = count - 1
      expect(table.concat(reachable(), " ") .. " ").contains(name .. " ")
    end
    expect(count).equals(0)
    for name, a in pairs(all.actions) do
      expect(a.doc and name).equals(name)
    end
  end)

  it("shows one thing at a time and knows what was meant", function()
    local r = syncwell("doc", "event")
    expect(r.out).contains('an event such as "workout.created"')
    expect(syncwell("doc", "ctx.calendar.add").out).contains('needs uses = { "calendar:write" }')
    expect(syncwell("doc", "workout").out).contains("distance compares as distance")
    expect(syncwell("doc", "heart_rate").out).contains("Heart rate, in /min")
    r = syncwell("doc", "calendr.add")
    expect(r.code).equals(2)
    expect(r.err).contains("did you mean 'calendar.add'?")
  end)
end)

-- The grammar of LuaLS annotations as far as we use it; gives the classes defined and those used.
local function annotations(text)
  local defined, used = {}, {}
  local builtin = { string = 1, number = 1, integer = 1, boolean = 1, any = 1, table = 1, ["function"] = 1, fun = 1,
    ["nil"] = 1 }
  local function types_in(line, rest)
    rest = rest:gsub('"[^"]*"', "")
    for name in rest:gmatch("[%a][%w_%.]*") do
      if name:find("^sw%.") then
        used[name] = line
      end
    end
  end
  for line in text:gmatch("[^\n]+") do
    local tag, rest = line:match("^%-%-%-@(%l+)%s*(.*)$")
    if tag == "class" then
      local name, parent = rest:match("^([%w%.]+):?%s*([%w%.]*)$")
      expect(name ~= nil and line).equals(line)
      defined[name] = true
      used[parent ~= "" and parent or name] = line
    elseif tag == "alias" then
      local name, is = rest:match("^([%w%.]+) (.+)$")
      defined[name] = true
      types_in(line, is)
    elseif tag == "field" then
      local name, is = rest:match("^(%[?[%w_]+%]?%??) (.+)$")
      expect(name ~= nil and line).equals(line)
      local kind = is:match("^fun%b():? ?[^ ]*") or is:match('^[^%s]+')
      types_in(line, kind)
      local first = kind:match("^[%a][%w_%.]*")
      local known = not first or builtin[first] ~= nil or first:find("^sw%.") ~= nil
      expect(known and "" or line).equals("")
    elseif tag == "type" then
      types_in(line, rest)
    elseif tag ~= "meta" and tag ~= "operator" then
      expect(line).equals("") -- neither an annotation that we know nor one of the lines left out before
    end
  end
  return defined, used
end

describe("the types for editors", function()
  it("are Lua, say what every annotation means, and name no class that is not there", function()
    local text = flow.read(flow.root .. "/lua/meta/syncwell.lua")
    expect(load(text) ~= nil).is_true()
    local defined, used = annotations((text:gsub("\n%-%- [^\n]*", ""):gsub("\nlocal [^\n]*", ""):gsub("\nreturn [^\n]*", "")))
    for name, line in pairs(used) do
      expect(defined[name] and line).equals(line)
    end
    expect(defined["sw.RuleSpec"] and defined["sw.CalendarAddArgs"] and defined["sw.Event"]).is_true()
  end)

  it("are written beside a .luarc.json whose own settings stay", function()
    local dir = flow.temp()
    flow.write(dir .. "/.luarc.json", '{"diagnostics.disable":["lowercase-global"]}')
    expect(syncwell("types", "--write", dir).code).equals(0)
    local settings = json.decode(flow.read(dir .. "/.luarc.json"))
    expect(settings["diagnostics.disable"][1]).equals("lowercase-global")
    expect(settings["workspace.library"][1]).equals("meta")
    expect(flow.read(dir .. "/meta/syncwell.lua")).contains("---@class sw.Event")
    flow.write(dir .. "/.luarc.json", "{ broken")
    local r = syncwell("types", "--write", dir)
    expect(r.code).equals(1)
    expect(r.err).contains("is no JSON object; mend or remove it first")
    expect(flow.read(dir .. "/.luarc.json")).equals("{ broken")
  end)
end)

describe("parameters of a rule", function()
  it("are a JSON Schema that accepts its defaults and refuses what the rule refuses", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/all.lua", [[local sw = require "syncwell"
return sw.rule { title = "All", on = sw.event "workout.created", params = {
    span = sw.duration { default = "1h30min" }, n = sw.number { default = 3, min = 1, max = 5, doc = "how many" },
    word = sw.text { default = "x" }, one = sw.choice { { "a", "b" }, default = "a" }, yes = sw.bool { default = true } },
  run = function() end }
]])
    flow.write(h.dir .. "/schema.json", json.encode(h.json("rules", "show", "all").parameters))
    local check = [[/usr/bin/python3 - "%s" <<'PY'
import json, sys, jsonschema
s = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(s)
v = jsonschema.Draft202012Validator(s)
good = {k: p["default"] for k, p in s["properties"].items()}
print(len(good), v.is_valid(good), [v.is_valid({**good, **b}) for b in
  ({"n": 0}, {"n": 9}, {"n": "3"}, {"one": "c"}, {"yes": "yes"}, {"span": "soon"}, {"other": 1})])
PY]]
    local r = flow.sh(check:format(h.dir .. "/schema.json"))
    expect(r.err).equals("")
    expect(r.out).equals("5 True [False, False, False, False, False, False, False]\n")
    local shown = h.ok("rules", "show", "all").out
    expect(shown).contains("how many")
    expect(shown).contains("it may   read all of your data")
    h.remove()
  end)
end)

-- Shell completion and the manual page: both come from the commands' own tables.
local commands = require("commands")
local completion = require("completion")
local flow = require("flow")

local function names(argv)
  local list = {}
  for i, x in ipairs(completion.candidates(argv)) do
    list[i] = x[1]
  end
  return list
end

local function has(list, word)
  for _, x in ipairs(list) do
    if x == word then
      return true
    end
  end
  return false
end

-- What bash would offer for these words, the last being typed.
local function bash(...)
  local words = { flow.quote(flow.binary) }
  for i, w in ipairs { ... } do
    words[i + 1] = flow.quote(w)
  end
  local r = flow.sh(([[bash --norc --noprofile -c 'source <("$1" completion bash); shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _syncwell; printf "%%s\n" "${COMPREPLY[@]}"' bash %s %s]]):format(
    flow.quote(flow.binary), table.concat(words, " ")))
  expect(r.err).equals("")
  local list = {}
  for line in r.out:gmatch("[^\n]+") do
    list[#list + 1] = line
  end
  return list
end

local function have(program)
  return flow.sh("command -v " .. program).code == 0
end

describe("completion", function()
  it("offers every command, and every option of each", function()
    expect(names { "" }).equals(commands.names())
    for _, name in ipairs(commands.names()) do
      local offered = names { name, "-" }
      for option in pairs(commands.get(name).options) do
        expect(has(offered, (#option == 1 and "-" or "--") .. option)).is_true()
      end
      expect(has(offered, "--json")).is_true()
    end
  end)

  it("reads words, choices and kinds of words from usage lines", function()
    for line, wanted in pairs {
      [{ "rules", "wh" }] = { "why" }, [{ "--home", "/x", "ini" }] = { "init" }, [{ "script", "" }] = { "run" },
      [{ "query", "steps", "--every", "" }] = { "day", "week", "month", "hour", "raw" }, [{ "query", "--every=d" }] = { "--every=day" },
      [{ "query", "--every", "=", "h" }] = { "hour" }, [{ "query", "heart_rate_v" }] = names { "explain", "heart_rate_v" },
      [{ "import", "--as", "t" }] = { "tcx" }, [{ "records", "wo" }] = { "workout" }, [{ "query", "--by", "s" }] = { "source" },
      [{ "rules", "nonsense", "" }] = {}, [{ "nonsense", "" }] = {}, [{ "query", "steps", "" }] = { "today", "yesterday", "last", "this" },
      [{ "query", "steps", "--json", "--js" }] = {}, [{ "completion", "f" }] = { "fish" } } do
      expect(names(line)).equals(wanted)
    end
    expect(completion.candidates { "import", "a", "b" }.files).equals(":files")
    expect(completion.candidates { "demo", "--keep", "" }.files).equals(":dirs")
  end)

  it("knows the rules of the home the line names", function()
    local h = flow.home("UTC")
    flow.write(h.dir .. "/rules/automations/mine.lua", "return {}")
    expect(names { "--home", h.dir, "rules", "why", "min" }).equals { "mine" }
    expect(has(names { "--home", h.dir, "rules", "why", "" }, "hydrate")).is_true()
    h.remove()
  end)

  it("names what lies in the home: connections, origins, sports, runs, and makes no home to look", function()
    local h = flow.home("UTC")
    h.ok("log", "workout", "kubb", "45min")
    h.ok("secrets", "list")
    h.ok("connect", "phone")
    local function at(...)
      return names { "--home", h.dir, ... }
    end
    expect(at("connections", "show", "")).equals { "phone" }
    expect(at("sync", "ph")).equals { "phone" }
    expect(at("origins", "rank", "by")).equals { "by hand" }
    expect(at("compare", "steps", "man")).equals { "manual" }
    expect(at("log", "workout", "")).equals { "kubb" }
    expect(at("undo", "")).equals { "1" }
    expect(at("users", "erase", "")).equals { "me" }
    expect(bash("--home", h.dir, "origins", "rank", "by")).equals { "by\\ hand" }
    expect(names { "--home", h.dir .. "/none", "connections", "show", "" }).equals {}
    expect(sw.fs.stat(h.dir .. "/none")).is_nil()
    h.remove()
  end)

  it("names what needs no home: services, formats, units, zones, notices, what doc knows", function()
    expect(names { "connect", "str" }).equals { "strava" }
    expect(names { "providers", "show", "str" }).equals { "strava" }
    expect(names { "import", "--as", "c" }).equals { "csv" }
    expect(names { "import", "--weight-unit", "" }).equals { "kg", "lb", "st" }
    expect(names { "init", "--zone", "Europe/Berl" }).equals { "Europe/Berlin" }
    expect(names { "notices", "off", "week" }).equals { "week.word" }
    expect(names { "doc", "calendar.a" }).equals { "calendar.add" }
    expect(names { "undo", "--l" }).equals { "--last" }
    expect(names { "rules", "inst" }).equals { "install" }
    expect(names { "records", "edit", "" }).equals {}
  end)

  it("works in bash", function()
    local dir = flow.temp()
    flow.write(dir .. "/a file.fit", "")
    expect(bash("rul")).equals { "rules" }
    expect(bash("rules", "install", "hyd")).equals { "hydrate" }
    expect(bash("query", "--every", "=")).equals { "day", "week", "month", "hour", "raw" }
    expect(bash("import", dir .. "/a")).equals { dir .. "/a file.fit" }
    expect(bash("nonsense", "")).equals {}
    expect(flow.sh(("bash --norc -c 'source <(%s completion bash); complete -p syncwell'"):format(flow.binary)).out).contains("-F _syncwell")
    sw.fs.remove_tree(dir)
  end)

  it("is a script that zsh and fish can read", function()
    local ran = 0
    for shell, flags in pairs { zsh = "-n", fish = "--no-execute" } do
      if have(shell) then
        local r = flow.sh(("%s completion %s | %s %s /dev/stdin"):format(flow.binary, shell, shell, flags))
        expect(r.err).equals("")
        expect(r.code).equals(0)
        ran = ran + 1
      end
    end
    if ran == 0 then
      skip("neither zsh nor fish is here")
    end
  end)
end)

describe("--help", function()
  it("has every option in the usage, a form a line, an example, and fits a terminal", function()
    for _, name in ipairs(commands.names()) do
      local text = flow.sh(("%s %s --help"):format(flow.binary, name)).out
      local usage = text:match("\nusage: (.-)\n\n")
      for option, o in pairs(commands.get(name).options) do
        local typed = (#option == 1 and "-" or "--") .. option
        if not usage:find(typed, 1, true) and not o.doc:find("^kept for") then
          error(("%s %s is not in its usage"):format(name, typed))
        end
      end
      expect(text:match("\nexample:\n(.*)$")).contains("syncwell " .. name)
      for line in text:gmatch("[^\n]+") do
        if utf8.len(line) > (usage:find(line, 1, true) and 84 or 112) then
          error(name .. ": too wide: " .. line)
        end
      end
    end
    expect(flow.sh(flow.binary .. " rules --help").out).contains("\n       syncwell rules why RULE [--event ID]\n")
  end)

  it("is there for commands alone", function()
    expect(flow.sh(flow.binary .. " init_home --help").code).equals(2)
    expect(flow.sh(flow.binary .. " nosuch --json").out).contains('"code":"usage"')
    for _, line in ipairs { "check now", "dump all", "status all", "init here" } do
      expect(flow.sh(flow.binary .. " " .. line).err).contains("takes no words")
    end
  end)
end)

describe("a word that is no verb of a command", function()
  it("is told with the one that was meant, else with all there are", function()
    local h = flow.home("UTC")
    for name, verbs in pairs { backup = "list, now, restore and schedule", goals = "list, remove and set",
      connections = "approve, list, pause, poll, remove, resume, show and webhook", jobs = "forget, list and retry",
      notices = "list, off and on", origins = "list, merge, rank and unrank", providers = "limits, list and show",
      secrets = "list, remove and set", tasks = "done, list and remove", users = "compact, erase and list" } do
      local r = h.run(name, "lsit")
      expect({ name, r.code }).equals { name, 2 }
      expect(r.err).contains(("syncwell: %s has no 'lsit' (did you mean 'list'?)"):format(name))
      expect(h.run(name, "qqqqqqqq").err).contains(("syncwell: %s has no 'qqqqqqqq'; there are %s"):format(name, verbs))
    end
    expect(h.run("rules", "backtset").err).contains("rules has no 'backtset' (did you mean 'backtest'?)")
    h.remove()
  end)
end)

describe("the manual page", function()
  it("has every command, option, example and exit code", function()
    local page = flow.sh(flow.binary .. " man").out:gsub("\\%-", "-"):gsub("\\e", "\\")
    for _, name in ipairs(commands.names()) do
      local m = commands.get(name)
      expect(page).contains("\n.SS syncwell " .. name)
      expect(page).contains(m.example or m.summary:sub(2))
      for option, o in pairs(m.options) do
        expect(page).contains("\n.B " .. commands.option(option, o) .. "\n" .. o.doc)
      end
    end
    expect(page).contains("\n.B 4\npartly done")
  end)

  it("is read by groff without a warning", function()
    if not have("groff") then
      skip("groff is not here")
    end
    local r = flow.sh(flow.binary .. " man | groff -man -Tascii -ww >/dev/null")
    expect(r.err).equals("")
    expect(r.code).equals(0)
  end)
end)

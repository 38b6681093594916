-- The commands there are, as data: what `--help`, the manual page and shell completion are made of.
--   for _, name in ipairs(commands.names()) do local m = commands.get(name); print(name, m.summary) end
-- A command is lua/cli/<name>.lua; how its table looks is in lua/cli/init.lua.
local schema = require("schema")

local commands = {}

commands.version = "0.1.0"
commands.about_short = "keep health data in one place and act on it"
commands.about = "SyncWell keeps a person's health data in one place and lets small Lua scripts act on it."

commands.globals = {
  home = { value = "DIR", doc = "the data folder (default: $SYNCWELL_HOME, else ~/.local/share/syncwell)" },
  user = { value = "NAME", doc = "whose data (default: me)" },
  json = { doc = "one JSON document on standard output, nothing else" },
  quiet = { doc = "only results and errors" },
  now = { value = "TIME", doc = "data time stands still there (tests, homes made with init --test)" },
  help = { doc = "this text, or the command's" },
  version = { doc = "the version" },
}

commands.groups = {
  { "start", "Getting started" }, { "data", "Your data" }, { "rules", "Rules and scripts" },
  { "run", "Running" }, { "care", "Looking after it" },
}

-- Exit codes: of errors by their code (any other: 1), and what each says.
commands.codes = { usage = 2, denied = 3, needs_user = 3, partly = 4 }
commands.exits = { [0] = "done", "failed", "wrong usage", "needs you", "partly done" }

commands.files = {
  { "~/.local/share/syncwell", "the home: everything that is kept; the next four are in it" },
  { "config.lua", "settings, if you wrote any" },
  { "rules/automations/*.lua", "rules of your own" },
  { "calendar.ics", "reminders and other entries that rules made" },
  { "notifications.log", "notes that rules sent" },
}

commands.environment = {
  { "SYNCWELL_HOME", "the home, where --home is not given" },
  { "XDG_DATA_HOME", "the folder with the home, instead of ~/.local/share" },
  { "SYNCWELL_SHARE", "the program's own Lua files, where they are not beside it" },
  { "NO_COLOR", "if set, no colours" },
}

function commands.names()
  local names = {}
  for _, file in ipairs(sw.fs.list(sw.sys.share() .. "/lua/cli") or {}) do
    local name = file:match("^(%l[%l_%-]*)%.lua$")
    if name and name ~= "init" or file == "init_home.lua" then
      names[#names + 1] = (name or ""):gsub("^init_home$", "init")
    end
  end
  return names
end

function commands.get(name)
  local file = name == "init" and "init_home" or name
  local there = file:find("^%l[%l_%-]*$") and sw.fs.stat(sw.sys.share() .. "/lua/cli/" .. file .. ".lua")
  if name == "init_home" or not there then
    return nil
  end
  return require("cli." .. file)
end

-- Every option that may stand behind a command, its own and those of all.
function commands.options_of(m)
  local known = {}
  for _, set in ipairs { commands.globals, m.options or {} } do
    for name, o in pairs(set) do
      known[name] = o
    end
  end
  return known
end

-- How a person here starts us: an installed program by its name, a checkout by its script.
function commands.program()
  return sw.sys.share():find("/share/syncwell$") and "syncwell" or "./run"
end

-- An option as it is typed, with its value's name: "--home DIR", "-e CODE".
function commands.option(name, o)
  return (#name == 1 and "-" or "--") .. name .. (o.value and " " .. o.value or "")
end

-- --- how many words a command takes, by its usage line ---

-- What may be several words: texts, and times as people say them.
local SEVERAL = { WHEN = true, DAY = true, TEXT = true, ["AMOUNT/day"] = true }

-- The words of one alternative: a list, and how many there may be.
local function words_of(alternative)
  local list, most = {}, 0
  for word in alternative:gsub("[%[%]]", ""):gsub(" or %u+", ""):gmatch("%S+") do
    list[#list + 1] = word
    most = most + ((SEVERAL[word] or word:find("...", 1, true)) and math.huge or 1)
  end
  return list, most
end

-- What a usage line says without its options, an alternative each.
local function alternatives(usage)
  local text = usage:gsub("%[%-%-?[^%]]*%]%.*", ""):gsub("%-%-%l[%l%-]* %u%S*", ""):gsub("%-%-%l[%l%-]*", "")
  local list = {}
  for part in (text .. " | "):gmatch("(.-) | ") do
    list[#list + 1] = part
  end
  return list
end

-- The first of the words that is one too many for this usage line, nil where all have a place.
function commands.stray(usage, words)
  local named, other, verbs = nil, 0, false
  for _, alternative in ipairs(alternatives(usage)) do
    local list, most = words_of(alternative)
    if list[1] == words[1] then
      named = math.max(named or 0, most)
    elseif list[1] and (list[1]:find("^%u") or list[1]:find("|", 1, true)) then
      other = math.max(other, most)
    else
      verbs = verbs or list[1] ~= nil
    end
  end
  if not named and other == 0 and verbs then
    return nil -- none of its verbs: the command itself says which there are
  end
  local most = named or other
  return most < math.huge and words[most + 1] or nil
end

-- The verb of a command that its first word names, `list` where there is no word; nil, message, code for
-- none.
function commands.verb(name, verbs, word)
  local verb = verbs[word or "list"]
  if verb then
    return verb
  end
  local there = schema.one_of(word, schema.keys(verbs))
  return nil, ("%s has no '%s'%s"):format(name, sw.sys.clean(word), there), "usage"
end

-- Where in argv the command is: the first word that is no option or value of a global option.
function commands.find(argv)
  local i = 1
  while i <= #argv do
    local name = argv[i]:match("^%-%-([%w%-]+)$")
    if name and commands.globals[name] and commands.globals[name].value then
      i = i + 1
    elseif argv[i]:sub(1, 1) ~= "-" then
      return i
    end
    i = i + 1
  end
end

return commands

-- What may come next on a command line, from the commands' own usage lines and options.
--   completion.candidates { "rules", "ins" }  --> { { "install", "" } }   (the last word is being typed)
-- A usage line is read as it is shown: "list | install RULE [--set KEY=VALUE]" has the words list and
-- install, and after install a RULE. Words in capitals are looked up in `kinds`, or in the command's
-- own `words` ({ UNIT = { "kg", "lb" } }, or { NAME = "connections" }: a list of completion_live.lua, or a
-- function); "--every day|hour|raw" gives an option its choices.
local commands = require("commands")
local home = require("home")
local live = require("completion_live")
local lua_files = require("lua_files")
local schema = require("schema")

local completion = {}

local kinds = {}

function kinds.METRIC()
  local list = {}
  for i, m in ipairs(sw.store.metrics()) do
    list[i] = { m.name, m.title }
  end
  return list
end

kinds.WHAT = kinds.METRIC

function kinds.RULE(options)
  local list = lua_files.names(sw.sys.share() .. "/rules/automations")
  local own = lua_files.names(home.dir(options) .. "/rules/automations")
  return table.move(own, 1, #own, #list + 1, list)
end

function kinds.PROVIDER(options)
  local list = lua_files.names(sw.sys.share() .. "/providers")
  local own = lua_files.names(home.dir(options) .. "/providers")
  return table.move(own, 1, #own, #list + 1, list)
end

function kinds.DAY()
  return { "today", "yesterday" }
end

function kinds.WHEN()
  return { "today", "yesterday", "last", "this" }
end

function kinds.ZONE(options)
  return live.list("zones", options)
end

function kinds.COMMAND()
  local list = {}
  for i, name in ipairs(commands.names()) do
    list[i] = { name, commands.get(name).summary }
  end
  return list
end

local files = { PATH = ":files", FILE = ":files", DIR = ":dirs" }

-- "[--from DAY] [--every day|hour]": the choices of options that are words.
local function choices(usage)
  local found = {}
  for name, text in usage:gmatch("%-%-?([%w%-]+) (%l[%l|]*)") do
    found[name] = {}
    for word in text:gmatch("%l+") do
      table.insert(found[name], word)
    end
  end
  return found
end

-- The forms of a usage line as lists of words: { { "install", "RULE" }, { "trace", "RULE" } }.
local function forms(usage)
  local list = {}
  usage = usage:gsub("%[%-[^%]]*%]", ""):gsub("%-%-[%w%-]+ ?[%u=]*", "")
  for form in (usage .. "|"):gmatch("([^|]*)|") do
    local words = {}
    for word in form:gmatch("[%w_]+[%.%w_]*") do
      words[#words + 1] = word
    end
    list[#list + 1] = words
  end
  return list
end

-- What a form wants at a place, nil if the words before do not fit it. "PATH..." goes on.
local function wanted(form, words, place)
  for i = 1, place - 1 do
    local w = form[i] or form[#form] or ""
    if w:find("^%l") and w ~= words[i] or not form[i] and not w:find("...", 1, true) then
      return nil
    end
  end
  local w = form[place] or form[#form]
  return w and (form[place] or w:find("...", 1, true)) and w:gsub("%.+$", "") or nil
end

local function add(list, found)
  for _, x in ipairs(found or {}) do
    list[#list + 1] = type(x) == "table" and x or { x, "" }
  end
end

local function own_words(of, options)
  if type(of) == "function" then
    return of()
  end
  return type(of) == "table" and of or kinds[of] and kinds[of](options) or live.list(of, options)
end

local function expand(list, word, m, options)
  if word:find("^%l") then
    add(list, { word })
  elseif m.words and m.words[word] then
    add(list, own_words(m.words[word], options))
  elseif files[word] then
    list.files = files[word]
  elseif kinds[word] then
    add(list, kinds[word](options))
  end
end

local function option_values(m, name, o, options)
  local list, usage = {}, m.usage or ""
  local of = choices(usage)[name]
  if of then
    add(list, of)
  else
    expand(list, o.value, m, options)
  end
  return list
end

local function option_names(known, used)
  local list = {}
  for _, name in ipairs(schema.keys(known)) do
    if known[name].list or not used[name] then
      list[#list + 1] = { (commands.option(name, {})), known[name].doc }
    end
  end
  return list
end

-- bash hands "--a=b" over in three words: make them one again.
local function joined(argv)
  local out, i = {}, 1
  while i <= #argv do
    if argv[i] == "=" and #out > 0 and out[#out]:find("^%-%-[%w%-]+$") then
      out[#out] = out[#out] .. "=" .. (argv[i + 1] or "")
      i = i + 1
    else
      out[#out + 1] = argv[i]
    end
    i = i + 1
  end
  return out, #argv > 1 and (argv[#argv] == "=" or argv[#argv - 1] == "=")
end

-- The finished words: plain ones, options with values, and the option that waits for its value.
local function read(argv, known)
  local words, used, waiting = {}, {}, nil
  for i = 1, #argv - 1 do
    local name, value = argv[i]:match("^%-%-?([%w%-]+)=?(.*)$")
    if waiting then
      used[waiting], waiting = argv[i], nil
    elseif name then
      used[name] = value
      waiting = known[name] and known[name].value and not argv[i]:find("=", 1, true) and name or nil
    else
      words[#words + 1] = argv[i]
    end
  end
  return words, used, waiting
end

local function starting(list, text, before)
  local out, seen = { files = list.files }, {}
  for _, x in ipairs(list) do
    if x[1]:sub(1, #text) == text and not seen[x[1]] then
      seen[x[1]] = true
      out[#out + 1] = { before .. x[1], x[2] }
    end
  end
  return out
end

-- The line up to the command is cut out; what is left is the command's own, the last word being typed.
local function split(argv)
  local at = commands.find { table.unpack(argv, 1, #argv - 1) }
  local m = at and commands.get(argv[at])
  local rest = table.move(argv, 1, #argv, 1, {})
  if at then
    table.remove(rest, at)
  end
  return m, rest, at
end

-- Candidates { word, description } for the last word; `files` on the list: ":files" or ":dirs" too.
function completion.candidates(argv)
  local bare
  argv, bare = joined(#argv > 0 and argv or { "" })
  local m, rest, given = split(argv)
  if given and not m then
    return {}
  end
  m = m or { usage = "COMMAND" }
  local known, current = commands.options_of(m), rest[#rest]
  local words, used, waiting = read(rest, known)
  local name, text = current:match("^%-%-([%w%-]+)=(.*)$")
  if waiting then
    return starting(option_values(m, waiting, known[waiting], used), current, "")
  elseif name then
    local o = known[name]
    return o and o.value and starting(option_values(m, name, o, used), text,
      bare and "" or "--" .. name .. "=") or {}
  elseif current:sub(1, 1) == "-" then
    return starting(option_names(known, used), current, "")
  end
  local list, all, said = {}, forms(m.usage or ""), false
  for _, form in ipairs(all) do
    said = said or words[1] ~= nil and form[1] == words[1]
  end
  for _, form in ipairs(all) do
    local other = said and form[1] ~= words[1] -- "KIND [WHEN]" where `edit` was said
    local word = not other and wanted(form, words, #words + 1)
    if word then
      expand(list, word, m, used)
    end
  end
  return starting(list, current, "")
end

return completion

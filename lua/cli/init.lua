-- The command line: global options, one file a command, help, exit codes.
-- A command is lua/cli/<name>.lua returning { summary, group, usage, example, options, run(ctx, words,
-- options) }; needs_home = false (or a function of the words that gives it) leaves the home closed; usage and
-- options also make the manual page and shell completion, and usage says how many words there may be, unless
-- any_words says that run looks itself: true, or a set of first words.
-- run gives an exit code (0 done, 1 failed, 2 wrong usage, 3 needs the user, 4 partly) or nil, message, code.
local commands = require("commands")
local home = require("home")
local schema = require("schema")
local term = require("term")

local cli = {}

local WIDTH = 80 -- of help

local function option_lines(options)
  local lines = {}
  for _, name in ipairs(schema.keys(options)) do
    local o = options[name]
    lines[#lines + 1] = ("  %-24s %s"):format(commands.option(name, o), o.doc)
  end
  return table.concat(lines, "\n")
end

local function help()
  local by_group = {}
  for _, name in ipairs(commands.names()) do
    local m = commands.get(name)
    by_group[m.group] = by_group[m.group] or {}
    table.insert(by_group[m.group], ("  %-14s %s"):format(name, m.summary))
  end
  term.line("%s\n", commands.about)
  term.line("usage: syncwell [--home DIR] [--user NAME] [--json] [--quiet] COMMAND ...\n")
  for _, g in ipairs(commands.groups) do
    if by_group[g[1]] then
      term.line("%s\n%s\n", term.paint("bold", g[2]), table.concat(by_group[g[1]], "\n"))
    end
  end
  term.line("%s\n%s\n", term.paint("bold", "Options"), option_lines(commands.globals))
  term.line("First steps:  syncwell demo   or   syncwell import ~/Downloads/export.zip && syncwell show")
end

-- The forms of a usage line, one each: "list | show NAME [--all | --one]" has two. A line in brackets may be
-- left out as a whole, which is a form as well.
local function forms_of(usage)
  local whole = usage:match("^%[(.*)%]$")
  whole = whole and not whole:find("^%-") and whole:find(" | ", 1, true) and whole or nil
  local forms = whole and { "" } or {}
  local text = (whole or usage):gsub("%b[]", function(part) return (part:gsub("|", "\1"):gsub(" ", "\2")) end)
  for form in (text .. " | "):gmatch("(.-) | ") do
    forms[#forms + 1] = form
  end
  return #forms > 0 and forms or { "" }
end

local function usage_lines(name, usage)
  local lines, indent = {}, (" "):rep(#"usage: syncwell " + #name + 1)
  for _, form in ipairs(forms_of(usage)) do
    for i, text in ipairs(term.wrapped(form, math.max(30, WIDTH - #indent))) do
      text = text:gsub("\1", "|"):gsub("\2", " ")
      lines[#lines + 1] = i == 1 and ("       syncwell %s %s"):format(name, text) or indent .. text
    end
  end
  return (table.concat(lines, "\n"):gsub("^%s+", ""):gsub("%s+\n", "\n"):gsub("%s+$", ""))
end

local function command_help(name, m)
  term.line("syncwell %s: %s\n\nusage: %s\n", name, m.summary, usage_lines(name, m.usage or ""))
  if m.doc then
    term.line("%s\n", m.doc)
  end
  if m.options and next(m.options) then
    term.line("options:\n%s\n", option_lines(m.options))
  end
  term.line("example:\n  %s\n", (m.example or ("syncwell " .. name)):gsub("\n", "\n  "))
  local exits = {}
  for code = 0, #commands.exits do
    exits[#exits + 1] = code .. " " .. commands.exits[code]
  end
  term.line("exit codes: %s", table.concat(exits, ", "))
end

-- Before the options are read, too, a machine that asked for JSON gets its document.
local function usage_error(message, hint, argv)
  message = term.short(message .. (hint or ""))
  for _, word in ipairs(argv or {}) do
    if word == "--json" then
      term.line("%s", sw.json.encode { error = { message = message, code = "usage" } })
      break
    end
  end
  term.error(message)
  return 2
end

-- Has a usage line a place for words, beside options?
local function takes_words(usage)
  return usage:gsub("%[%-[^%]]*%]", ""):find("%S") ~= nil
end

local SHORT = { ["-h"] = "help", ["-e"] = "e", ["-q"] = "quiet" }

-- An option of argv: its name, what stands behind "=", how it was typed; nil of a word.
local function option_of(arg, known)
  if arg:find("^%-%a$") then
    local name = known[SHORT[arg] or ""] and SHORT[arg]
    return name or "", nil, arg, not name and ("unknown option '%s'"):format(arg) or nil
  end
  local name, more = arg:match("^%-%-([%w%-]+)(.*)$")
  return name, more and more:match("^=(.*)$"), name and "--" .. name, name and not known[name]
    and ("unknown option '--%s'%s"):format(name, schema.did_you_mean(name, schema.keys(known))) or nil
end

local function put_option(options, name, o, value)
  if o.list then
    options[name] = options[name] or {}
    table.insert(options[name], value)
  else
    options[name] = value
  end
end

-- Split argv into words and options; "--name=value" and "--name value"; "--" ends options.
local function parse(argv, known)
  local words, options, i, plain = {}, {}, 1, false
  while i <= #argv do
    local name, value, typed, wrong
    if not plain and argv[i] ~= "--" then
      name, value, typed, wrong = option_of(argv[i], known)
    end
    if wrong then
      return nil, wrong
    elseif not plain and argv[i] == "--" then
      plain = true
    elseif not name then
      words[#words + 1] = argv[i]
    elseif not known[name].value then
      if value then
        return nil, ("%s takes no value"):format(typed)
      end
      options[name] = true
    else
      i = value and i or i + 1
      value = value or argv[i]
      if not value then
        return nil, ("%s needs a value: %s"):format(typed, known[name].value)
      end
      put_option(options, name, known[name], value)
    end
    i = i + 1
  end
  return words, options
end

local function fail(message, code, options)
  if options and options.json then
    term.line("%s", sw.json.encode { error = { message = message and term.short(message), code = code } })
  end
  term.error(message or "failed")
  return commands.codes[code] or 1
end

-- A setting that may depend on the words: `needs_home`, `mutates`.
local function for_words(setting, words)
  if type(setting) == "function" then
    return setting(words)
  end
  return setting
end

-- The home the command works in, its config read; nil, message, code.
local function opened(m, words, options)
  local ctx, message, code = home.open(options, m.creates)
  if not ctx then
    return nil, message, code
  elseif options.now and for_words(m.mutates, words) and not home.is_test(ctx) then
    return nil, "--now changes data time and is kept to homes made with `syncwell init --test`", "usage"
  end
  message, code = require("config").load(ctx)
  if message then
    return nil, message, code or "usage"
  end
  return ctx
end

local function run(name, m, words, options)
  local ctx = { options = options, json = options.json, quiet = options.quiet }
  if for_words(m.needs_home, words) ~= false then
    local message, code
    ctx, message, code = opened(m, words, options)
    if not ctx then
      return fail(message, code, options)
    end
  end
  local result, why, kind = m.run(ctx, words, options)
  if result == nil then
    return fail(why, kind, options)
  end
  if name ~= "run" then
    sw.sys.log("debug", "cli", name .. " ended with " .. tostring(result))
  end
  return math.tointeger(result) or 0
end

-- `syncwell` alone, or with nothing but options.
local function without_command(argv)
  local words, options = parse(argv, commands.globals)
  if not words then
    return usage_error(options, "; `syncwell --help` lists them", argv)
  elseif options.version then
    term.line("syncwell %s", commands.version)
    return 0
  end
  help()
  return options.help and 0 or 2
end

-- A word too many is refused: `undo --last 7` would undo, `pause hydrate` hold everything.
local function word_problem(name, m, words)
  if words[1] and not takes_words(m.usage or "") then
    return ("%s takes no words, not '%s'; `syncwell %s --help` says what it does"):format(name, words[1],
      name)
  end
  local own = m.any_words == true or (m.any_words or {})[words[1]]
  local stray = not own and commands.stray(m.usage or "", words)
  return stray and ("'%s' is one word too many; what belongs together is put in quotes, and `syncwell %s "
    .. "--help` says what it takes"):format(stray, name)
end

function cli.main(argv)
  local at = commands.find(argv)
  if not at then
    return without_command(argv)
  end
  local name = table.remove(argv, at)
  local m = commands.get(name)
  if name == "help" then
    help()
    return 0
  elseif not m then
    return usage_error(("there is no command '%s'%s"):format(name,
      schema.did_you_mean(name, commands.names())), "; `syncwell --help` lists them", argv)
  end
  local words, options = parse(argv, commands.options_of(m))
  if not words then
    return usage_error(options, ("; `syncwell %s --help` lists them"):format(name), argv)
  elseif options.help then
    command_help(name, m)
    return 0
  end
  local problem = word_problem(name, m, words)
  if problem then
    return fail(problem, "usage", options)
  end
  return run(name, m, words, options)
end

return cli

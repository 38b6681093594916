-- The command line: global options, one file a command, help, exit codes.
-- A command is lua/cli/<name>.lua returning { summary, group, usage, example, options, run(ctx, words,
-- options) }.
-- run gives an exit code (0 done, 1 failed, 2 wrong usage, 3 needs the user, 4 partly) or nil, message, code.
local home = require("home")
local schema = require("schema")
local term = require("term")

local cli = {}

cli.version = "0.1.0"

local exits = { usage = 2, denied = 3, needs_user = 3, partly = 4 }

local globals = {
  home = { value = "DIR", doc = "the data folder (default: $SYNCWELL_HOME, else ~/.local/share/syncwell)" },
  user = { value = "NAME", doc = "whose data (default: me)" },
  json = { doc = "one JSON document on standard output, nothing else" },
  quiet = { doc = "only results and errors" },
  now = { value = "TIME", doc = "data time stands still there (tests, homes made with init --test)" },
  help = { doc = "this text, or the command's" },
  version = { doc = "the version" },
}

local groups = {
  { "start", "Getting started" }, { "data", "Your data" }, { "rules", "Rules and scripts" },
  { "run", "Running" }, { "care", "Looking after it" },
}

local function command_names()
  local names = {}
  for _, file in ipairs(sw.fs.list(sw.sys.share() .. "/lua/cli") or {}) do
    local name = file:match("^(%l[%l_%-]*)%.lua$")
    if name and name ~= "init" or file == "init_home.lua" then
      names[#names + 1] = (name or ""):gsub("^init_home$", "init")
    end
  end
  return names
end

local function module_of(name)
  local file = name == "init" and "init_home" or name
  if not file:find("^%l[%l_%-]*$") or not sw.fs.stat(sw.sys.share() .. "/lua/cli/" .. file .. ".lua") then
    return nil
  end
  return require("cli." .. file)
end

local function option_lines(options)
  local lines = {}
  for _, name in ipairs(schema.keys(options)) do
    local o = options[name]
    lines[#lines + 1] = ("  --%-22s %s"):format(name .. (o.value and " " .. o.value or ""), o.doc)
  end
  return table.concat(lines, "\n")
end

local function help()
  local by_group = {}
  for _, name in ipairs(command_names()) do
    local m = module_of(name)
    by_group[m.group] = by_group[m.group] or {}
    table.insert(by_group[m.group], ("  %-12s %s"):format(name, m.summary))
  end
  term.line("SyncWell keeps a person's health data in one place and lets small Lua scripts act on it.\n")
  term.line("usage: syncwell [--home DIR] [--user NAME] [--json] [--quiet] COMMAND ...\n")
  for _, g in ipairs(groups) do
    if by_group[g[1]] then
      term.line("%s\n%s\n", term.paint("bold", g[2]), table.concat(by_group[g[1]], "\n"))
    end
  end
  term.line("%s\n%s\n", term.paint("bold", "Options"), option_lines(globals))
  term.line("First steps:  syncwell demo   or   syncwell import ~/Downloads/export.zip && syncwell show")
end

local function command_help(name, m)
  term.line("syncwell %s: %s\n\nusage: syncwell %s %s\n", name, m.summary, name, m.usage or "")
  if m.doc then
    term.line("%s\n", m.doc)
  end
  if m.options and next(m.options) then
    term.line("options:\n%s\n", option_lines(m.options))
  end
  term.line("example:\n  %s", (m.example or ("syncwell " .. name)):gsub("\n", "\n  "))
end

local function usage_error(message, hint)
  term.error(message .. (hint or ""))
  return 2
end

-- Split argv into words and options; "--name=value" and "--name value"; "--" ends options.
local function parse(argv, known)
  local words, options, i, plain = {}, {}, 1, false
  while i <= #argv do
    local arg = argv[i]
    local name, value = arg:match("^%-%-([%w%-]+)=?(.*)$")
    if arg == "--" and not plain then
      plain = true
    elseif plain or not name then
      if not plain and arg:find("^%-%a$") then
        name = ({ ["-h"] = "help", ["-e"] = "e", ["-q"] = "quiet" })[arg]
        if not name or not known[name] then
          return nil, ("unknown option '%s'"):format(arg)
        end
        options[name] = true
        if known[name].value then
          i = i + 1
          options[name] = argv[i]
          if not argv[i] then
            return nil, ("%s needs a value: %s"):format(arg, known[name].value)
          end
        end
      else
        words[#words + 1] = arg
      end
    else
      local o = known[name]
      if not o then
        return nil, ("unknown option '--%s'%s"):format(name, schema.did_you_mean(name, schema.keys(known)))
      elseif o.value then
        if not arg:find("=", 1, true) then
          i = i + 1
          value = argv[i]
        end
        if value == nil then
          return nil, ("--%s needs a value: %s"):format(name, o.value)
        end
        if o.list then
          options[name] = options[name] or {}
          table.insert(options[name], value)
        else
          options[name] = value
        end
      else
        options[name] = true
      end
    end
    i = i + 1
  end
  return words, options
end

-- The command is the first word that is no option or value of a global option.
local function find_command(argv)
  local i = 1
  while i <= #argv do
    local name = argv[i]:match("^%-%-([%w%-]+)$")
    if name and globals[name] and globals[name].value then
      i = i + 1
    elseif argv[i]:sub(1, 1) ~= "-" then
      return i
    end
    i = i + 1
  end
end

local function fail(message, code, options)
  if options and options.json then
    term.line("%s", sw.json.encode { error = { message = message, code = code } })
  end
  term.error(message or "failed")
  return exits[code] or 1
end

local function run(name, m, words, options)
  local ctx = { options = options, json = options.json, quiet = options.quiet }
  if m.needs_home ~= false then
    local message, code
    ctx, message, code = home.open(options, m.creates)
    if not ctx then
      return fail(message, code, options)
    end
    if options.now and m.mutates and not home.is_test(ctx) then
      return fail("--now changes data time and is kept to homes made with `syncwell init --test`", "usage",
        options)
    end
    message, code = require("config").load(ctx)
    if message then
      return fail(message, code or "usage", options)
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

function cli.main(argv)
  local at = find_command(argv)
  if not at then
    local _, options = parse(argv, globals)
    if not _ then
      return usage_error(options, "; `syncwell --help` lists them")
    elseif options.version then
      term.line("syncwell %s", cli.version)
      return 0
    end
    help()
    return options.help and 0 or 2
  end
  local name = table.remove(argv, at)
  local m = module_of(name)
  if name == "help" then
    help()
    return 0
  elseif not m then
    return usage_error(("there is no command '%s'%s"):format(name,
      schema.did_you_mean(name, command_names())), "; `syncwell --help` lists them")
  end
  local known = {}
  for _, set in ipairs { globals, m.options or {} } do
    for k, v in pairs(set) do
      known[k] = v
    end
  end
  local words, options = parse(argv, known)
  if not words then
    return usage_error(options, ("; `syncwell %s --help` lists them"):format(name))
  elseif options.help then
    command_help(name, m)
    return 0
  end
  return run(name, m, words, options)
end

return cli

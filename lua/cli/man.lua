-- syncwell man: the manual page, made from what `--help` shows.
--   syncwell man | man -l -
local commands = require("commands")
local schema = require("schema")
local term = require("term")

local command = {
  group = "care", summary = "the manual page", usage = "", needs_home = false, options = {},
  example = "syncwell man | man -l -",
  doc = "Printed as troff, made from the same texts as --help. Where SyncWell is installed: `man syncwell`.",
}

-- Text for troff: backslashes, hyphens that are typed, and lines that begin like a request.
local function escape(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("\n([.'])", "\n\\&%1"):gsub("^([.'])", "\\&%1"))
end

local function put(macro, text)
  term.line("%s%s", macro, text and " " .. escape(text):gsub('"', '\\(dq') or "")
end

local function paragraph(text)
  term.line("%s", (escape(text):gsub("\n", "\n.br\n")))
end

local function example(text)
  put(".PP")
  put(".nf")
  put(".RS 4")
  term.line("%s", escape(text))
  put(".RE")
  put(".fi")
end

-- A term in bold and what it means.
local function entry(name, meaning)
  put(".TP")
  put(".B", name)
  paragraph(meaning)
end

local function options_of(list)
  for _, name in ipairs(schema.keys(list or {})) do
    entry(commands.option(name, list[name]), list[name].doc)
  end
end

local function one(name, m)
  put(".SS", "syncwell " .. name .. (m.usage ~= "" and m.usage and " " .. m.usage or ""))
  paragraph(m.summary:sub(1, 1):upper() .. m.summary:sub(2) .. ".")
  if m.doc then
    put(".PP")
    paragraph(m.doc)
  end
  options_of(m.options)
  if m.example then
    example(m.example)
  end
end

local function all_commands()
  for _, group in ipairs(commands.groups) do
    put(".SH", group[2]:upper())
    for _, name in ipairs(commands.names()) do
      local m = commands.get(name)
      if m.group == group[1] then
        one(name, m)
      end
    end
  end
end

local function exit_codes()
  put(".SH", "EXIT STATUS")
  for code = 0, #commands.exits do
    entry(tostring(code), commands.exits[code])
  end
end

function command.run()
  term.line('.TH SYNCWELL 1 "" "syncwell %s" "User Commands"', commands.version)
  put(".nh")
  put(".ad", "l")
  put(".SH", "NAME")
  term.line("syncwell \\- %s", escape(commands.about_short))
  put(".SH", "SYNOPSIS")
  put(".B", "syncwell")
  term.line("[\\fIoptions\\fR] \\fIcommand\\fR ...")
  put(".SH", "DESCRIPTION")
  paragraph(commands.about)
  put(".SH", "OPTIONS")
  paragraph("They go with every command, before or after its name.")
  options_of(commands.globals)
  all_commands()
  exit_codes()
  put(".SH", "FILES")
  for _, f in ipairs(commands.files) do
    entry(f[1], f[2])
  end
  put(".SH", "ENVIRONMENT")
  for _, e in ipairs(commands.environment) do
    entry(e[1], e[2])
  end
  return 0
end

return command

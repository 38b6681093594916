-- syncwell lint: check rule and provider files without turning them on; all errors, not the first.
--   syncwell lint rules/automations/mine.lua   |   syncwell lint providers/acme.lua
local fields = require("box.fields")
local capabilities = require("capabilities")
local code_text = require("code_text")
local data = require("data")
local providers = require("providers")
local rules = require("rules")
local schema = require("schema")
local term = require("term")
local triggers = require("triggers")

local command = {
  group = "rules", summary = "check rule and provider files", usage = "[PATH...]",
  example = "syncwell lint my_rule.lua\nsyncwell lint providers/acme.lua",
  doc = "Without a path it checks the rules and providers of your home.", options = {},
}

local function files_in(word, list)
  for _, name in ipairs(sw.fs.list(word)) do
    local st = name:find("^[^_].*%.lua$") and sw.fs.stat(word .. "/" .. name)
    if st and st.kind == "file" then -- a pipe would be waited for without end
      list[#list + 1] = word .. "/" .. name
    end
  end
end

local function files_of(ctx, words)
  local list = {}
  if #words == 0 then
    for _, folder in ipairs { "/rules/automations", "/providers" } do
      if sw.fs.stat(ctx.home .. folder) then
        files_in(ctx.home .. folder, list)
      end
    end
    return list
  end
  for _, word in ipairs(words) do
    local st, message, code = sw.fs.stat(word)
    if not st then
      return nil, message, code
    elseif st.kind == "dir" then
      files_in(word, list)
    elseif st.kind == "file" then
      list[#list + 1] = word
    end
  end
  return list
end

-- What the engine itself finds in a declaration that is well formed.
local function judge(ctx, d, name)
  if d.kind == "package" then
    return {}
  elseif d.kind == "provider" then
    return providers.problems(d, name:match("([^/]+)%.lua$"))
  end
  return { triggers.refused(ctx, d) or triggers.slip(ctx, d) }
end

local function kind_problem(name)
  return not fields.is_record[name] and ("there are no records of kind '%s'%s"):format(name,
    schema.one_of(name, fields.record_kinds)) or nil
end

local function metric_problem(name)
  local _, why = data.metric(name)
  return why
end

-- Names that a script would only stumble over when it runs: what it reads, where that stands in quotes.
local function unknown_reads(bare)
  local list = {}
  for what, problem in pairs { series = metric_problem, records = kind_problem, count = kind_problem } do
    for name in bare:gmatch("ctx%." .. what .. "%s*%(?%s*[\"']([%w_%-]*)[\"']") do
      list[#list + 1] = problem(name)
    end
  end
  table.sort(list)
  return list
end

-- What the engine finds has no place; the word it names in quotes has one, if it stands in the code once.
local function placed(name, text, source, bare)
  local word = text:match("'([^']+)'")
  local quoted = word and ('["\']%s["\']'):format(word:gsub("%W", "%%%0"))
  local at = quoted and bare:find(quoted)
  if not at or bare:find(quoted, at + 1) then
    return ("%s: %s"):format(name, text)
  end
  local _, breaks = source:sub(1, at):gsub("\n", "")
  local before, rest = source:sub(1, at - 1):match("([^\n]*)$"), source:match("^[^\n]*", at)
  local left = before:match("^%s*")
  return ("%s:%d: %s\n  %s%s\n  %s^"):format(name, breaks + 1, text, before:sub(#left + 1), rest,
    (" "):rep(#before - #left))
end

-- The mistakes of one file, each with its place; nil, message, code when no box can be had.
local function check(ctx, path)
  local source, message, code = sw.fs.read(path, 65537)
  if not source then
    return nil, message, code
  end
  local name = path:match("rules/.+$") or path:match("providers/[^/]+$") or path:match("[^/]+$")
  if #source > 65536 then
    return { name .. ": the file is over 64 KB" }, nil, name
  end
  local results
  results, message, code = sw.box.run(ctx.name, "lint", { { spec = { op = "load", script = name,
    source = source, collect = true } } })
  if not results then
    return nil, message, code
  end
  local r = results[1]
  if not r.ok then
    return { r.error.text or r.error.message }, nil, name
  elseif r.out.problems then
    return r.out.problems, nil, name
  end
  local list, d, bare = {}, r.out.declaration, code_text.bare(source)
  local found = judge(ctx, d, name)
  local unknown = d.kind == "provider" and {} or unknown_reads(bare)
  table.move(unknown, 1, #unknown, #found + 1, found)
  for i, text in ipairs(found) do
    list[i] = placed(name, text, source, bare)
  end
  return list, d, name
end

local function say(name, problems, may)
  for _, text in ipairs(problems) do
    term.line("%s", sw.sys.clean(text, true))
  end
  if #problems == 0 then
    term.line("%s: fine\n  it may: %s", name, capabilities.line(may))
  end
end

local function say_strays(strays, checked)
  for _, text in ipairs(strays) do
    term.line("%s", sw.sys.clean(text))
  end
  if checked + #strays == 0 then
    term.line("nothing to check")
  end
end

function command.run(ctx, words)
  local files, message, code = files_of(ctx, words)
  if not files then
    return nil, message, code
  end
  local bad, public = 0, {}
  for i, path in ipairs(files) do
    local problems, d, name = check(ctx, path)
    if not problems then
      return nil, d, name
    end
    local may = #problems == 0 and capabilities.of(d) or {} -- what is wrong may be of any type
    bad = bad + math.min(#problems, 1)
    public[i] = { file = path, ok = #problems == 0, error = problems[1],
      errors = #problems > 0 and sw.json.list(problems) or nil, may = sw.json.list(may) }
    if not ctx.json then
      say(name, problems, may)
    end
  end
  if ctx.json then
    term.line("%s", sw.json.encode(sw.json.list(public)))
    return bad > 0 and 1 or 0
  end
  say_strays(#words == 0 and rules.strays(ctx.home) or {}, #files)
  return bad > 0 and 1 or 0
end

return command

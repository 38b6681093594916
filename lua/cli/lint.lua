-- syncwell lint: check rule and provider files without turning them on; all errors, not the first.
--   syncwell lint rules/automations/mine.lua   |   syncwell lint providers/acme.lua
local capabilities = require("capabilities")
local code_text = require("code_text")
local providers = require("providers")
local rule_lint = require("rule_lint")
local rules = require("rules")
local term = require("term")

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

-- What the engine itself finds in a declaration, { text, line, column } each.
local function judge(ctx, out, name)
  local d = out.declaration
  if d.kind == "package" or d.kind == "provider" and out.problems then
    return {}
  elseif d.kind == "rule" then
    return rule_lint.problems(ctx, d, out.told)
  end
  local list = providers.problems(d, name:match("([^/]+)%.lua$"))
  for i, text in ipairs(list) do
    list[i] = { text = text }
  end
  return list
end

-- The word that a text names in quotes has a place, if it stands in the code once.
local function place_of(text, bare)
  local word = text:match("'([^']+)'")
  local quoted = word and ('["\']%s["\']'):format(word:gsub("%W", "%%%0"))
  local at = quoted and bare:find(quoted)
  if at and not bare:find(quoted, at + 1) then
    local before = bare:sub(1, at - 1)
    return select(2, before:gsub("\n", "")) + 1, #before:match("[^\n]*$") + 1
  end
end

local function placed(name, one, source, bare)
  local line, column = one.line, one.column
  if not line then
    line, column = place_of(one.text, bare)
  end
  if not line then
    return ("%s: %s"):format(name, one.text)
  end
  local n, shown = 0, ""
  for text in (source .. "\n"):gmatch("([^\n]*)\n") do
    n = n + 1
    shown = n == line and text or shown
  end
  local left = #shown:match("^%s*")
  return ("%s:%d: %s\n  %s\n  %s^"):format(name, line, one.text, shown:sub(left + 1),
    (" "):rep(column - 1 - left))
end

local function line_of(text, name)
  return tonumber(text:sub(#name + 1):match("^:(%d+):")) or 0
end

-- In the order of their lines; what the box and the engine both find is said once, by the box.
local function merged(found, own, name, source, bare)
  local list, said = {}, {}
  for i, text in ipairs(found) do
    list[i] = text
    said[text:match("'([^']+)'") or ""] = true
  end
  for _, one in ipairs(own) do
    local word = one.text:match("'([^']+)'")
    local text = (one.line or not word or not said[word]) and placed(name, one, source, bare)
    if text and not said[text] then
      list[#list + 1], said[text] = text, true
    end
  end
  local rank = {}
  for i, text in ipairs(list) do
    rank[text] = i
  end
  table.sort(list, function(a, b)
    local x, y = line_of(a, name), line_of(b, name)
    return x < y or x == y and rank[a] < rank[b]
  end)
  return list
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
  end
  local found, d, bare = r.out.problems or {}, r.out.declaration, code_text.bare(source)
  if not d then
    return found, nil, name
  end
  return merged(found, judge(ctx, r.out, name), name, source, bare), d, name
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

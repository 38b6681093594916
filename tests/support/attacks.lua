-- The attacks of tests/sandbox as data: what their heads say, and whether an ending is one of those.
--   local list = attacks.list(root);  local wrong = attacks.judge(list[1], result, value, 32)
-- A head: `-- attack: CLASS[ as rule | as provider], N ms`, then `-- ends: ENDING`, one a line, any of them;
-- `-- ends at 4 MB: ENDING` stands in their place under that limit. An ending is `value TEXT`,
-- `error [LINE:] TEXT` (LINE where the script can be known) or `killed TEXT`.
local attacks = {}

attacks.classes = { cpu = true, memory = true, crash = true, escape = true, information = true, network = true,
  data = true }

local function ending(text)
  local kind, rest = text:match("^(%l+) (.+)$")
  assert(kind == "value" or kind == "error" or kind == "killed", "no ending: " .. text)
  local line, words = rest:match("^(%d+): (.+)$")
  return { kind = kind, line = kind == "error" and tonumber(line) or nil, text = kind == "error" and words or rest }
end

-- The lines of comment at the top of a file.
local function head(source)
  return source:match("^(%-%-.-\n)%f[^%-\n]") or source
end

function attacks.read(name, source)
  local a = { name = name, source = source, ends = {}, at = {} }
  local words, ms = source:match("^%-%- attack: ([^,\n]+), (%d+) ms\n")
  assert(words, name .. ": the first line must be `-- attack: CLASS, N ms`")
  a.class, a.as = words:match("^(%l+) as (%l+)$")
  a.class, a.as, a.ms = a.class or words, a.as or "script", tonumber(ms)
  assert(attacks.classes[a.class], name .. ": no class " .. a.class)
  for line in head(source):gmatch("[^\n]+") do
    local mb, text = line:match("^%-%- ends at (%d+) MB: (.+)$")
    text = text or line:match("^%-%- ends: (.+)$")
    local list = mb and (a.at[tonumber(mb)] or {}) or a.ends
    a.at[tonumber(mb) or 0] = list
    list[#list + 1] = text and ending(text)
  end
  assert(#a.ends > 0, name .. ": the head says no ending")
  return a
end

-- only: a piece of the names that are wanted; nil: all of them
function attacks.list(root, only)
  local list, folder = {}, root .. "/tests/sandbox"
  for _, file in ipairs(sw.fs.list(folder)) do
    if file:find("%.lua$") and file:find(only or "", 1, true) then
      list[#list + 1] = attacks.read(file, assert(sw.fs.read(folder .. "/" .. file, 65536)))
    end
  end
  assert(#list > 0, "no attack in tests/sandbox has " .. (only or "a name"))
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

local function kind_of(r)
  return r.ok and "value" or r.killed and "killed" or "error"
end

local function fits(a, wanted, r, value)
  local text = r.ok and value or r.error and r.error.text or ""
  if wanted.kind ~= kind_of(r) then
    return false
  elseif wanted.kind == "value" then
    return value == wanted.text
  end
  local placed = not wanted.line or r.error.line == wanted.line and r.error.script == a.name
  return placed and text:find(wanted.text, 1, true) ~= nil
end

-- Bytes that would drive a terminal, in any text that a person is shown.
local function drives(text)
  return text:find("[%z\1-\8\11-\31\127]") or text:find("\u{202e}", 1, true) or text:find("\xc2[\x80-\x9f]")
end

-- What is wrong with how the attack ended under a limit of mb megabytes; nil when it is as its head says.
function attacks.judge(a, r, value, mb)
  local shown = r.ok and tostring(value) or r.error and r.error.text or "no words"
  if not r.ok and drives(shown) then
    return "its error has bytes that drive a terminal"
  elseif #shown > 70000 then
    return "its words have no bound"
  end
  for _, wanted in ipairs(a.at[mb] or a.ends) do
    if fits(a, wanted, r, value) then
      return nil
    end
  end
  local place = r.error and r.error.line and (" at %s:%d"):format(tostring(r.error.script), r.error.line) or ""
  return ("%s%s: %s"):format(kind_of(r), place, shown:sub(1, 300))
end

return attacks

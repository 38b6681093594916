-- Errors a script's author can use: place, source line, caret, hint.
-- errors.raise { message = ..., line = ..., column = ..., hint = ... } stops the script;
-- errors.explain(any error value) gives { message, script, line, hint, text }.
-- luacheck: read globals core load_text where
local errors = { sources = {} }

local mark = {}

local MOST = 2048 -- of one text

local hints = {
  { "global 'io'", "scripts have no files: ask for data through ctx, return data to be kept" },
  { "global 'debug'", "the debug library is not available to scripts" },
  { "global 'package'", "a script can require only \"syncwell\"" },
  { "field 'execute'", "scripts cannot start programs" },
  { "field 'getenv'", "scripts see no environment; use params" },
  { "field 'remove'", "scripts have no files" },
  { "field 'dump'", "bytecode is not available to scripts" },
  { "global 'collectgarbage'", "memory is managed for you" },
  { "global 'dofile'", "a script can require only \"syncwell\"" },
  { "attempt to compare number with string", "a name with a unit (elapsed_s) is a plain number; "
    .. "the bare name (elapsed) compares with texts such as \"60min\"" },
  { "attempt to compare string with number", "a name with a unit (elapsed_s) is a plain number; "
    .. "the bare name (elapsed) compares with texts such as \"60min\"" },
}

-- One line of printable text: no control bytes, no marks that turn the reading direction.
function errors.clean(text)
  if not text:find "[^ -~]" then
    return text
  end
  text = text:gsub("[%c\127]", " "):gsub("\u{202a}", ""):gsub("\u{202b}", ""):gsub("\u{202c}", "")
  text = text:gsub("\u{202d}", ""):gsub("\u{202e}", ""):gsub("\xe2\x81[\xa6-\xa9]", "")
  return (text:gsub("\xc2[\x80-\x9f]", " "))
end

function errors.source_line(script, line)
  local source, at = errors.sources[script], 0
  for text in ((source or "") .. "\n"):gmatch "([^\n]*)\n" do
    at = at + 1
    if at == line then
      return text
    end
  end
end

local function hint_for(message)
  for _, pair in ipairs(hints) do
    if message:find(pair[1], 1, true) then
      return pair[2]
    end
  end
end

local function full_text(e)
  local place = e.script and (e.script .. ":" .. (e.line and e.line .. ":" or "") .. " ") or ""
  local text = place .. e.message
  local source = e.column and errors.source_line(e.script, e.line)
  if source then
    local lead = source:sub(1, e.column - 1):gsub("[^\t]", " ")
    text = text .. "\n" .. errors.clean(source):sub(1, 200) .. "\n" .. lead:sub(1, 200) .. "^"
  end
  return e.hint and (text .. "\nhint: " .. e.hint) or text
end

local function from_string(text)
  text = text:sub(1, MOST)
  local first, hint = text:match "^(.-)\nhint: (.*)$"
  text = errors.clean(first or text)
  local script, line, message = text:match "^([%w_./%-]+):(%d+): (.*)$"
  if script and script:sub(1, 9) == "syncwell/" then -- a place in the library helps nobody
    script, line = nil, nil
  end
  return { message = message or text, script = script, line = tonumber(line),
    hint = hint and errors.clean(hint) or hint_for(text) }
end

-- A text of an error as a person may be shown it; nil when there is none.
local function shown(value, most)
  return type(value) == "string" and errors.clean(value:sub(1, most)) or nil
end

-- A script finds the mark by looking at an error it caught: what it marks is a stranger's word too.
local function from_marked(value)
  local line, column = rawget(value, "line"), rawget(value, "column")
  return { message = shown(rawget(value, "message"), MOST) or "(an error without words)",
    script = shown(rawget(value, "script"), 55), line = math.tointeger(line),
    column = math.tointeger(column), hint = shown(rawget(value, "hint"), MOST) }
end

function errors.explain(value)
  local e
  if type(value) == "table" and rawget(value, mark) then
    e = from_marked(value)
  elseif type(value) == "string" then
    e = from_string(value)
  elseif type(value) == "number" then
    e = { message = tostring(value) }
  else
    e = { message = "(error object is a " .. type(value) .. " value)" }
  end
  e.text = full_text(e)
  return e
end

-- Stop with a worded error at the script's line that called into the library.
function errors.raise(e)
  if not e.script then
    local place, line = where()
    e.script, e.line = place:match "^(.-):%d+:$", e.line or line
  end
  local current = not e.script and core.current() -- a tail call leaves no trace of its caller
  e.script = current and current.run.script or e.script
  e[mark] = true
  error(e, 0)
end

-- An error that is not raised, to be worded by errors.explain.
function errors.made(e)
  e[mark] = true
  return e
end

-- Short form: errors.fail("message", "hint")
function errors.fail(message, hint)
  errors.raise { message = message, hint = hint }
end

local function distance(a, b)
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local left, diagonal = i, i - 1
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      local value = math.min(left + 1, row[j] + 1, diagonal + cost)
      diagonal, row[j - 1], left = row[j], left, value
    end
    row[#b] = left
  end
  return row[#b]
end

-- The name most like `word` among `names` (keys of a table), if one is near enough.
function errors.suggest(word, names)
  local best, least = nil, math.max(1, #word // 2)
  if #word > 40 then
    return nil
  end
  local list = {}
  for name in pairs(names) do
    list[#list + 1] = tostring(name)
  end
  table.sort(list)
  for _, name in ipairs(list) do
    local d = distance(word, name)
    if word:sub(1, 2) == name:sub(1, 2) then
      d = d - 1
    end
    if #name <= 40 and d <= least and (not best or d < best.d) then
      best = { name = name, d = d }
    end
  end
  return best and best.name
end

-- synonyms (optional): words people write instead -> the name.
function errors.did_you_mean(word, names, synonyms)
  local other = synonyms and (synonyms[word] or synonyms[errors.suggest(tostring(word), synonyms)])
  local name = errors.suggest(tostring(word), names) or (other and names[other] and other)
  return name and (" (did you mean '" .. name .. "'?)") or ""
end

return errors

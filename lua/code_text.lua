-- The text of a script without its comments, which become blanks: every place in it stays what it was.
--   code_text.bare('x = 1 -- "y"\nz = "--"')    --> 'x = 1       \nz = "--"'
local code_text = {}

-- The end of a string in quotes that begins at `at`; a line that never ends it ends it.
local function quoted(source, at)
  local stop = "[\\\n" .. source:sub(at, at) .. "]"
  local last = source:find(stop, at + 1)
  while last and source:sub(last, last) == "\\" do
    last = source:find(stop, last + 2)
  end
  return last or #source
end

-- Where the string or comment that may begin at `at` ends, and whether it is a comment.
local function passed(source, at)
  local is_comment = source:sub(at, at + 1) == "--"
  local level = source:match("^%[(=*)%[", is_comment and at + 2 or at)
  if level then
    local _, last = source:find("]" .. level .. "]", at, true)
    return last or #source, is_comment
  elseif is_comment then
    return (source:find("\n", at, true) or #source + 1) - 1, true
  end
  return source:find("^[\"']", at) and quoted(source, at) or at, false
end

function code_text.bare(source)
  local parts, at = {}, 1
  while at <= #source do
    local from = source:find("[\"'%-%[]", at) or #source + 1
    parts[#parts + 1] = source:sub(at, from - 1)
    local last, is_comment = passed(source, from)
    local part = source:sub(from, last)
    parts[#parts + 1] = is_comment and part:gsub("[^\n]", " ") or part
    at = last + 1
  end
  return table.concat(parts)
end

return code_text

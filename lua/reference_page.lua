-- The reference as a page: Markdown for lua/README.md, plain text for `syncwell doc NAME`.
--   page.markdown(reference.get())   page.entry(found) --> lines
local reference = require("reference")
local schema = require("schema")

local page = {}

local groups = { "declarations", "triggers", "parameters", "sign-in", "paging", "webhooks", "mappers",
  "values" }

local function by_group(all)
  local to = {}
  for _, name in ipairs(schema.keys(all.constructors)) do
    local c = all.constructors[name]
    to[c.group] = to[c.group] or {}
    table.insert(to[c.group], name)
  end
  return to
end

local function key_name(k)
  return k.position and (k.name and ("1 (%s)"):format(k.name) or k.key) or k.key
end

local function cell(text)
  return (tostring(text or ""):gsub("|", "\\|"))
end

local function keys_table(add, keys)
  add("| key | is | |", "|---|---|---|")
  for _, k in ipairs(keys) do
    add(("| `%s`%s | %s | %s |"):format(key_name(k), k.required and " *" or "", cell(reference.type_words(k)),
      cell(k.doc)))
  end
  add("")
end

local function constructors(add, all)
  local groups_of = by_group(all)
  for _, group in ipairs(groups) do
    add("## " .. group:gsub("^%l", string.upper), "")
    for _, name in ipairs(groups_of[group] or {}) do
      local c = all.constructors[name]
      if c.keys then
        add("### sw." .. name, "", c.doc .. ".", "")
        keys_table(add, c.keys)
      else
        add(("- `%s`: %s"):format(c.use, c.doc))
      end
    end
    add("")
  end
end

local function parts(add, all)
  add("## Inside sw.provider", "")
  for _, name in ipairs(schema.keys(all.parts)) do
    add("### " .. (name == "read" and "one of reads" or name), "")
    keys_table(add, all.parts[name])
  end
end

local function ctx(add, all)
  add("## ctx", "",
    "What a rule reads and does. Actions are recorded and performed by the engine, each once.", "")
  for _, name in ipairs(schema.keys(reference.ctx)) do
    add(("- `%s`: %s"):format(reference.ctx[name].use, reference.ctx[name].doc))
  end
  for _, name in ipairs { "series", "records", "count" } do
    add("", ("Options of `ctx.%s`:"):format(name), "")
    keys_table(add, all.reads[name])
  end
  add("A series has:", "")
  for _, name in ipairs(schema.keys(reference.series_methods)) do
    add(("- `%s()`: %s"):format(name, reference.series_methods[name]))
  end
  add("")
  for _, name in ipairs(schema.keys(all.actions)) do
    local a = all.actions[name]
    add("### ctx." .. name, "", ("%s. Needs `uses = { \"%s\" }`.%s"):format(a.doc:gsub("^%l", string.upper),
      a.grant, a.short and (" A text alone is its `%s`."):format(a.short) or ""), "")
    keys_table(add, a.keys)
  end
end

local function field_line(name, f)
  return f.quantity and ("`%s`, `%s` (%s)"):format(name, f.quantity, f.dimension)
    or ("`%s` (%s)"):format(name, f.unit)
end

local function records(add, all)
  add("## Fields of an event", "",
    "A name with a unit is a number; the name without it is a quantity, which compares "
    .. "with texts: `w.elapsed > \"60min\"`. Known but empty is nil, unknown is an error.", "")
  local common = {}
  for _, name in ipairs(schema.keys(all.fields.note)) do
    if all.fields.note[name].common then
      common[#common + 1] = field_line(name, all.fields.note[name])
    end
  end
  add("Every kind: " .. table.concat(common, ", ") .. ".", "")
  for _, kind in ipairs(schema.keys(all.fields)) do
    local own = {}
    for _, name in ipairs(schema.keys(all.fields[kind])) do
      local f = all.fields[kind][name]
      own[#own + 1] = not f.common and field_line(name, f) or nil
    end
    add(("- **%s**: %s"):format(kind, table.concat(own, ", ")))
  end
  add("")
end

local function metrics(add)
  add("## Metrics", "", "| name | what | unit | a day's value |", "|---|---|---|---|")
  for _, m in ipairs(sw.store.metrics()) do
    add(("| `%s` | %s | %s | %s |"):format(m.name, cell(m.title), cell(m.unit:gsub("[{}]", "")),
      m.daily or ""))
  end
end

function page.markdown(all)
  local lines = { "# What scripts may write", "",
    "Made by `./run doc --markdown` from the shapes that check scripts; a test keeps it true. A star marks",
    "what must be there. `./run doc NAME` shows one of these in the terminal, `./run types --write` teaches",
    "them to an editor.", "" }
  local function add(...)
    for _, line in ipairs { ... } do
      lines[#lines + 1] = line
    end
  end
  constructors(add, all)
  parts(add, all)
  ctx(add, all)
  records(add, all)
  metrics(add)
  return table.concat(lines, "\n") .. "\n"
end

-- --- one entry, for a terminal ---

local function grouped_fields(fields)
  local rows = {}
  for _, name in ipairs(schema.keys(fields)) do
    local f = fields[name]
    rows[#rows + 1] = { name, f.quantity and ("number; %s compares as %s"):format(f.quantity, f.dimension)
      or f.unit }
  end
  return rows
end

-- A title, sentences, and rows of a table: { title, lines, head, rows }.
function page.entry(found)
  local to = { title = found.name, lines = { found.doc }, rows = {} }
  if found.use then
    table.insert(to.lines, found.use)
  end
  if found.grant then
    table.insert(to.lines, ('needs uses = { "%s" }'):format(found.grant))
  end
  if found.keys then
    to.head = { "key", "is", "" }
    for i, k in ipairs(found.keys) do
      to.rows[i] = { key_name(k) .. (k.required and " *" or ""), reference.type_words(k), k.doc or "" }
    end
  elseif found.fields then
    to.head, to.rows = { "field", "is" }, grouped_fields(found.fields)
  end
  return to
end

return page

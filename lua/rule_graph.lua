-- What leads to what among rules: triggers, rules, what they do, and which rules that wakes; loops are named.
--   local g = graph.of(all)      --> { rules = { { rule, live, triggers, does, feeds } }, loops = { names } }
--   graph.show(ctx, words, { dot = true })         `syncwell rules graph [--dot]`; --json has the table
-- What a rule does is read from its source: an action whose target is not written out may reach any rule that
-- its grant allows, and is shown as "any". Nothing runs.
local fields = require("box.fields")
local rules = require("rules")
local term = require("term")
local triggers = require("triggers")

local json = sw.json
local graph = {}

local function list_of(t)
  return type(t) == "table" and json.encode(t):gsub("[%[%]\"]", "") or tostring(t)
end

-- A trigger in few words.
local function trigger_text(t)
  local what = t.event or t.spec or t.path or t.metric or t.records or t[1] or ""
  local bound = t.enter or t.above or t.below or t.totals or t.lengths
  local more = {}
  for _, name in ipairs { "provider", "maker", "sport", "type" } do
    more[#more + 1] = t[name] and name .. " " .. tostring(t[name]) or nil
  end
  more[#more + 1] = bound and list_of(bound) or nil
  local tail = #more > 0 and " (" .. table.concat(more, ", ") .. ")" or ""
  return ("%s %s%s"):format(t.kind, tostring(what), tail)
end

-- Source without its comments, so that what is only written about does nothing.
local function code_of(rule)
  return (rule.source or ""):gsub("%-%-%[%[.-%]%]", ""):gsub("%-%-[^\n]*", "")
end

-- The texts that an action is given: directly, or as this member of its table; "any" when it is not a text.
local function targets(code, action, member)
  local found = {}
  for rest in code:gmatch(action:gsub("%.", "%%.") .. "%s*(%b{})") do
    found[#found + 1] = rest:match(member .. "%s*=%s*[\"']([%w_%.%-]+)[\"']") or rest:find(member .. "%s*=")
      and "any" or nil
  end
  for rest in code:gmatch(action:gsub("%.", "%%.") .. "%s*(%b())") do
    found[#found + 1] = rest:match("^%(%s*[\"']([%w_%.%-]+)[\"']") or rest:match(member
      .. "%s*=%s*[\"']([%w_%.%-]+)[\"']") or "any"
  end
  for name in code:gmatch(action:gsub("%.", "%%.") .. "%s*[\"']([%w_%.%-]+)[\"']") do
    found[#found + 1] = name
  end
  return found
end

local function watches(rule, metric)
  for _, t in ipairs(triggers.watched(rule)) do
    if metric == "any" or t.metric == metric then
      return true
    end
  end
  return false
end


local function listens(rule, kind, what)
  for _, one in ipairs(kind == "any" and fields.record_kinds or { kind }) do
    if triggers.listens(rule, one .. what) then
      return true
    end
  end
  return false
end

local function counts(rule, kind)
  for _, t in ipairs(triggers.watched(rule)) do
    if t.records and (kind == "any" or t.records == kind) then
      return true
    end
  end
  return false
end

local reach = {} -- grant -> function(rule, code, other): what makes `other` look, if anything does

reach["rule:fire"] = function(_, code, other)
  for _, name in ipairs(targets(code, "rule.fire", "rule")) do
    if name == other.name or name == "any" then
      return "rule.fire"
    end
  end
end

reach["record:write"] = function(rule, code, other)
  for _, kind in ipairs(targets(code, "record.add", "kind")) do
    if listens(other, kind, ".created") or counts(other, kind) then
      return "record.add"
    end
  end
  for _, metric in ipairs(targets(code, "record.add", "metric")) do
    if watches(other, metric) then
      return "record.add"
    end
  end
  if code:find("record%.tag") then
    for _, kind in ipairs(fields.record_kinds) do
      if listens(rule, kind, ".created") and triggers.listens(other, kind .. ".updated") then
        return "record.tag"
      end
    end
  end
end

reach["sync:start"] = function(_, code, other)
  return code:find("sync%.start") and (triggers.listens(other, "sync.finished")
    or triggers.listens(other, "sync.failed")) and "sync.start" or nil
end

local function feeds_of(rule, all)
  local list, code = json.list(), code_of(rule)
  for _, other in ipairs(all) do
    local by = {}
    for _, grant in ipairs(other.declaration and rule.declaration.uses or {}) do
      by[#by + 1] = reach[grant] and reach[grant](rule, code, other) or nil
    end
    if #by > 0 then
      list[#list + 1] = { rule = other.name, by = table.concat(by, ", ") }
    end
  end
  return list
end

local function node_of(rule, all)
  local on, d = json.list(), rule.declaration
  for _, t in ipairs(d.on.kind == "any" and (d.on.of or d.on) or { d.on }) do
    on[#on + 1] = trigger_text(t)
  end
  local does = json.list(table.move(d.uses or {}, 1, #(d.uses or {}), 1, {}))
  return { rule = rule.name, live = rule.live or false, triggers = on, does = does,
    feeds = feeds_of(rule, all) }
end

-- The shortest way from a rule back to itself, as names; each loop once, by its first name.
local function loop_from(nodes, start)
  local from, queue, at = {}, { start }, 1
  while queue[at] do
    for _, f in ipairs(nodes[queue[at]].feeds) do
      if f.rule == start then
        local path, name = {}, queue[at]
        while name do
          table.insert(path, 1, name)
          name = from[name]
        end
        return path
      elseif nodes[f.rule] and from[f.rule] == nil then
        from[f.rule] = queue[at]
        queue[#queue + 1] = f.rule
      end
    end
    at = at + 1
  end
end

local function loops_of(list)
  local nodes, found, seen = {}, json.list(), {}
  for _, n in ipairs(list) do
    nodes[n.rule] = n
  end
  for _, n in ipairs(list) do
    local path = loop_from(nodes, n.rule)
    local members = path and table.move(path, 1, #path, 1, {})
    table.sort(members or {})
    local mark = members and table.concat(members, "\0")
    if mark and not seen[mark] then
      seen[mark] = true
      found[#found + 1] = json.list(path)
    end
  end
  return found
end

function graph.of(all)
  local list = json.list()
  for _, rule in ipairs(all) do
    list[#list + 1] = rule.declaration and node_of(rule, all) or nil
  end
  return { rules = list, loops = loops_of(list) }
end

local function quoted(text)
  return '"' .. sw.sys.clean(text):gsub('[\\"]', "\\%0") .. '"'
end

local function dot(g)
  local lines = { "digraph rules {", "  rankdir = LR;", "  node [fontname = \"sans-serif\"];" }
  local function edge(from, to, label)
    local tail = label and " [label = " .. quoted(label) .. "]" or ""
    lines[#lines + 1] = ("  %s -> %s%s;"):format(quoted(from), quoted(to), tail)
  end
  for _, n in ipairs(g.rules) do
    lines[#lines + 1] = ("  %s [shape = box%s];"):format(quoted(n.rule), n.live and "" or ", style = dashed")
    for _, t in ipairs(n.triggers) do
      edge(t, n.rule)
    end
    for _, action in ipairs(n.does) do
      edge(n.rule, action)
    end
    for _, f in ipairs(n.feeds) do
      edge(n.rule, f.rule, f.by)
    end
  end
  lines[#lines + 1] = "}"
  return table.concat(lines, "\n")
end

local function show_table(g)
  local rows = {}
  for i, n in ipairs(g.rules) do
    local feeds = {}
    for k, f in ipairs(n.feeds) do
      feeds[k] = ("%s (%s)"):format(f.rule, f.by)
    end
    rows[i] = { sw.sys.clean(table.concat(n.triggers, "; ")), n.rule, table.concat(n.does, ", "),
      table.concat(feeds, ", ") }
  end
  term.table({ "when", "rule", "may do", "wakes" }, rows)
  for _, loop in ipairs(g.loops) do
    term.line("loop: %s -> %s", table.concat(loop, " -> "), loop[1])
  end
end

function graph.show(ctx, words, options)
  local all, message, code = rules.load(ctx, options.all)
  if not all then
    return nil, message, code
  end
  local g = graph.of(all)
  if words[2] then
    return nil, "rules graph shows all rules; it takes no name", "usage"
  elseif ctx.json then
    term.line("%s", json.encode(g))
  elseif options.dot then
    term.line("%s", dot(g))
  elseif #g.rules == 0 then
    term.line("there is no rule yet; `syncwell rules list --all` names those that can be installed")
  else
    show_table(g)
  end
  return 0
end

return graph

-- What the source of a rule shows before it runs: writes to what outlives a run, globals, actions that no
-- grant covers. Not a parser of Lua (the compiler has seen the source): tokens, blocks, declared names.
--   lint.problems("rules/x.lua", source, declaration) --> list of texts, list for lua/rule_lint.lua
local context = require "context"
local errors = require "errors"
local lint_calls = require "lint_calls"
local lint_fields = require "lint_fields"
local lint_pure = require "lint_pure"

local lint = {}

-- --- tokens ---

local keywords = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then"
  .. " true until while"):gmatch "%l+" do
  keywords[word] = true
end

local function long_bracket(source, at)
  local level = source:match("^%[(=*)%[", at)
  local _, stop = source:find("]" .. (level or "") .. "]", at, true)
  return level and (stop or #source)
end

local function short_string(source, at)
  local quote, i = source:sub(at, at), at + 1
  while i <= #source and source:sub(i, i) ~= quote do
    i = i + (source:sub(i, i) == "\\" and 2 or 1)
  end
  return i
end

-- Where the token at `at` ends, and its kind; nil kind for blanks and comments.
local function token_at(source, at)
  local c = source:sub(at, at)
  if c:find "%s" then
    return select(2, source:find("^%s+", at))
  elseif source:find("^%-%-", at) then
    return long_bracket(source, at + 2) or select(2, source:find("^[^\n]*", at))
  elseif c:find "[%a_]" then
    return select(2, source:find("^[%w_]+", at)), "name"
  elseif c:find "%d" then
    return select(2, source:find("^[%w.]+", at)), "number"
  elseif c == '"' or c == "'" then
    return short_string(source, at), "string"
  elseif c == "[" and long_bracket(source, at) then
    return long_bracket(source, at), "string"
  end
  for _, op in ipairs { "...", "..", "==", "~=", "<=", ">=", "::", "//", "<<", ">>" } do
    if source:sub(at, at + #op - 1) == op then
      return at + #op - 1, "op"
    end
  end
  return at, "op"
end

local function tokens_of(source)
  local list, at, line, begun = {}, 1, 1, 1
  while at <= #source do
    local stop, kind = token_at(source, at)
    local text = source:sub(at, stop)
    if kind then
      list[#list + 1] = { text = text, kind = kind == "name" and keywords[text] and "keyword" or kind,
        line = line, column = at - begun + 1 }
    end
    local _, breaks = text:gsub("\n", "")
    begun = breaks > 0 and at + text:find "\n[^\n]*$" or begun
    line, at = line + breaks, stop + 1
  end
  return list
end

-- --- blocks and names ---

local walk = {}
walk.__index = walk

function walk:push(kind, depth)
  self.scopes[#self.scopes + 1] = { kind = kind, names = {}, depth = depth
    or self.scopes[#self.scopes].depth }
end

function walk:pop()
  if #self.scopes > 1 then
    self.scopes[#self.scopes] = nil
  end
end

function walk:top()
  return self.scopes[#self.scopes]
end

function walk:text(i)
  local token = self.tokens[i]
  return token and token.text or ""
end

-- How deep in functions a name was declared; nil for a global.
function walk:depth_of(name)
  for k = #self.scopes, 1, -1 do
    if self.scopes[k].names[name] then
      return self.scopes[k].depth
    end
  end
end

function walk:declare(i, stop)
  while self.tokens[i] and not stop[self:text(i)] do
    if self.tokens[i].kind == "name" and self:text(i - 1) ~= "<" then
      self:top().names[self:text(i)] = true
    end
    i = i + 1
  end
  return i
end

function walk:problem(i, message, hint)
  local t = self.tokens[i]
  self.found[#self.found + 1] = { line = t.line, column = t.column, message = message, hint = hint }
end

-- The index behind "a.b[c]" that begins at i, nil when there is a call in it.
function walk:target(i)
  i = i + 1
  while true do
    if self:text(i) == "." then
      i = i + 2
    elseif self:text(i) == "[" then
      local depth = 0
      repeat
        depth = depth + (self:text(i) == "[" and 1 or self:text(i) == "]" and -1 or 0)
        i = i + 1
      until depth == 0 or not self.tokens[i]
    else
      return i
    end
  end
end

function walk:written(i)
  local name, depth = self:text(i), self:depth_of(self:text(i))
  if not depth then
    self:problem(i, ("'%s' is a global, and scripts have none"):format(name), "write: local " .. name)
  elseif depth == 0 and self:top().depth > 0 then
    self:problem(i,
      ("'%s' is a local of the whole file: what a function leaves there is gone after a restart"):format(
      name), "keep it in ctx.state, or make it a local of the function")
  end
end

-- An assignment that begins at token i: each of its targets is looked at.
function walk:assignment(i)
  local at, targets = i, {}
  while self.tokens[at] and self.tokens[at].kind == "name" do
    targets[#targets + 1] = at
    at = self:target(at)
    if self:text(at) == "=" then
      for _, t in ipairs(targets) do
        self:written(t)
      end
      return
    elseif self:text(at) ~= "," then
      return
    end
    at = at + 1
  end
end

local opens = { ["("] = "(", ["["] = "[", ["{"] = "{" }
local closes = { [")"] = true, ["]"] = true, ["}"] = true }
local inside = { ["("] = true, ["["] = true, ["{"] = true }

local on = {} -- keyword -> what it does to the blocks; gives the next index where it is not i + 1

on["function"] = function(self, i)
  local open = i + 1
  while self.tokens[open] and self:text(open) ~= "(" do
    open = open + 1
  end
  local name = self.tokens[i + 1]
  if self:text(i - 1) == "local" then
    self:top().names[name.text] = true
  elseif name and name.kind == "name" then
    self:written(i + 1)
  end
  self:push("function", self:top().depth + 1)
  return self:declare(open + 1, { [")"] = true }) + 1
end

on["local"] = function(self, i)
  if self:text(i + 1) ~= "function" then
    local k = i + 1
    while self.tokens[k] and self.tokens[k].kind == "name" do
      self:top().names[self:text(k)] = true
      k = k + 1
      if self:text(k) == "<" then
        k = k + 3
      end
      if self:text(k) ~= "," then
        return k
      end
      k = k + 1
    end
  end
end

on["for"] = function(self, i)
  self:push("loop")
  self:top().awaits = true
  return self:declare(i + 1, { ["="] = true, ["in"] = true }) + 1
end

on["while"] = function(self)
  self:push("loop")
  self:top().awaits = true
end

on["do"] = function(self)
  if self:top().awaits then
    self:top().awaits = nil
  else
    self:push("do")
  end
end

on["if"] = function(self) self:push("if") end
on["repeat"] = function(self) self:push("repeat") end
on["end"] = function(self) self:pop() end
on["until"] = function(self) self:pop() end
on["else"] = function(self) self:top().names = {} end
on["elseif"] = on["else"]

function walk:name(i)
  local before = self:text(i - 1)
  local behind = self.tokens[i - 1] and before ~= "." and before ~= ":" and before ~= "goto"
    and before ~= "::"
  if not inside[self:top().kind] and (behind or i == 1) then
    self:assignment(i)
  end
  if before ~= "." and self:text(i) == "table" and self:text(i + 2):find "^%l+$"
    and self:text(i + 3) == "(" then
    local what, name = self:text(i + 2), self:text(i + 4)
    if (what == "insert" or what == "remove" or what == "sort") and self:depth_of(name) == 0
      and self:top().depth > 0 then
      self:written(i + 4)
    end
  end
end

function walk:run()
  local i = 1
  while self.tokens[i] do
    local t, next_i = self.tokens[i], nil
    if t.kind == "keyword" then
      next_i = on[t.text] and on[t.text](self, i)
    elseif t.kind == "op" and opens[t.text] then
      self:push(t.text)
    elseif t.kind == "op" and closes[t.text] then
      self:pop()
    elseif t.kind == "name" then
      self:name(i)
    end
    i = next_i or i + 1
  end
end

-- --- actions without a grant ---

local function granted(declaration, grant)
  for _, g in ipairs(declaration.uses or {}) do
    if g == grant or grant == "http" and g:sub(1, 5) == "http:" then
      return true
    end
  end
end

local function ungranted(self, declaration)
  local told = {}
  for i = 1, #self.tokens - 2 do
    if self:text(i) == "ctx" and self:text(i + 1) == "." and self:text(i - 1) ~= "." then
      local name = self:text(i + 2)
      local full = self:text(i + 3) == "." and name .. "." .. self:text(i + 4) or name
      local row = context.actions[full] or context.actions[name]
      if row and not granted(declaration, row[1]) and not told[full] then
        told[full] = true
        self:problem(i, ("ctx.%s is not granted to this rule"):format(full),
          ('add the line: uses = { "%s" },')
          :format(context.grant(row[1])))
      end
    end
  end
end

-- Gives the mistakes, and what only the engine can judge.
function lint.problems(script, source, declaration)
  local self = setmetatable({ tokens = tokens_of(source), scopes = { { kind = "file", names = {},
    depth = 0 } },
    found = {} }, walk)
  self:run()
  ungranted(self, declaration)
  for _, p in ipairs(lint_pure.problems(self.tokens, context.names, lint_calls.reading)) do
    self:problem(p.i, p.message, p.hint)
  end
  for _, p in ipairs(lint_fields.problems(self.tokens, declaration)) do
    self:problem(p.i, p.message)
  end
  local told = lint_calls.problems(self.tokens, function(...) self:problem(...) end)
  table.sort(self.found, function(a, b)
    return a.line < b.line or a.line == b.line and a.column < b.column
  end)
  local list = {}
  for i, p in ipairs(self.found) do
    list[i] = errors.explain(errors.made { message = p.message, script = script, line = p.line,
      column = p.column, hint = p.hint }).text
  end
  return list, told
end

return lint

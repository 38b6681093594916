-- The version of a rule before the present one, for `rules backtest --diff`: when a running engine reads
-- rules and finds that a file says something else, it keeps what the file said before.
--   versions.note(ctx, all)             rules as they were just read
--   versions.before(ctx, rule)          --> rule as it was, when it changed (ms) | nil, message, code
-- One version back, of rules in files of one's own and of packages; shipped ones change with the program.
local home = require("home")
local scripts = require("scripts")

local json = sw.json
local versions = {}

local KIND = ".version" -- begins with a dot: no part of the canonical dump

local function hash(text)
  return sw.sys.hash(text):sub(1, 32)
end

local function known(ctx)
  local list = {}
  for _, doc in ipairs(sw.store.docs(ctx.who, KIND, { limit = 100000 }) or {}) do
    list[doc.name] = doc.body
  end
  return list
end

function versions.note(ctx, all)
  local t, any, kept = home.txn(ctx), false, known(ctx)
  for _, rule in ipairs(all) do
    local old = kept[rule.name]
    local is_own = rule.source and rule.declaration and not rule.shipped
    if is_own and (not old or old.hash ~= hash(rule.source)) then
      any = true
      t:doc(KIND, rule.name, json.encode { hash = hash(rule.source), text = rule.source,
        before = old and old.text, at = sw.time.now() })
    end
  end
  return not any or t:commit()
end

-- What the rule said before: of a file that was edited and not read by an engine yet, what that one read.
local function text_before(ctx, rule)
  local doc, message, code = sw.store.doc(ctx.who, KIND, rule.name)
  if not doc then
    return nil, message, code
  elseif doc.body.hash ~= hash(rule.source or "") then
    return doc.body.text, sw.time.now()
  end
  return doc.body.before, doc.body.at
end

function versions.before(ctx, rule)
  local text, at, code = text_before(ctx, rule)
  if not text then
    return nil, at or ("no version of '%s' is known before this one"):format(rule.name), code or "notfound"
  end
  local package = "before/" .. hash(text)
  local results, message, kind = scripts.load(ctx.name, package, { { name = rule.script, source = text } })
  if not results then
    return nil, message, kind
  elseif not results[1].ok then
    local e = results[1].error or {}
    return nil, "the version before does not load: " .. tostring(e.text or e.message), "bad"
  end
  return setmetatable({ source = text, declaration = results[1].out.declaration, package = package },
    { __index = rule }), at
end

return versions

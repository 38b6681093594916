-- Sources of rules by their hash: a firing that waits goes on with the source it began with, also after its
-- file was edited or deleted. A source is kept while a firing needs it; job "prune" forgets the others.
--   sources.keep(t, rule)          into the transaction that writes a waiting firing
--   sources.rule_of(ctx, body)     --> rule | nil, why it does not go on, "stopped" (or another code)
local capabilities = require("capabilities")
local home = require("home")
local packages = require("packages")
local rule_shape = require("rule_shape")
local scripts = require("scripts")

local json = sw.json
local sources = {}

local KEPT_MS = 86400000 -- one that nobody needs may be needed again by a firing that just begins

function sources.hash(rule)
  return sw.sys.hash(rule.source or "")
end

function sources.keep(t, rule)
  t:doc("source", sources.hash(rule), json.encode { script = rule.script, text = rule.source,
    may = json.list(capabilities.of(rule.declaration)) })
end

-- What a person did so that a rule does nothing any more, in words; nil for a file that was only edited or
-- deleted.
local function turned_off(ctx, body, present)
  local doc = sw.store.doc(ctx.who, "rule", body.rule)
  local setting = doc and doc.body or {}
  if body.from and not packages.get(ctx, body.from) then
    return ("the package '%s' was removed"):format(body.from)
  elseif body.shipped and setting.installed == false then
    return "the rule was uninstalled"
  elseif setting.enabled == false or ((present or {}).declaration or {}).enabled == false then
    return "the rule was turned off"
  end
end

-- The present rule, but with what the firing began with: its parameters, its source's declaration.
local function as_begun(rule, body, declaration, package)
  return setmetatable({ name = body.rule, script = body.script, params = body.params or {},
    declaration = declaration, package = package }, { __index = rule })
end

-- The source from the store, loaded into a worker of its own.
local function kept(ctx, body)
  local doc, message, code = sw.store.doc(ctx.who, "source", body.source)
  if not doc then
    return nil, message or "the source it began with is gone", code or "stopped"
  end
  local package = "kept/" .. body.source:sub(1, 16)
  local results, why, kind = scripts.load(ctx.name, package, { { name = doc.body.script,
    source = doc.body.text } })
  if not results then
    return nil, why, kind
  elseif not results[1].ok then
    local e = results[1].error or {}
    return nil, "the source it began with does not load: " .. tostring(e.text or e.message), "stopped"
  end
  local d = results[1].out.declaration
  local wrong = rule_shape.problem(d) or doc.body.may
    and #capabilities.wider(capabilities.of(d), doc.body.may) > 0 and "it would do more than it could then"
  if wrong then
    return nil, "the source it began with now says something else: " .. wrong, "stopped"
  end
  return as_begun({ source = doc.body.text }, body, d, package)
end

function sources.rule_of(ctx, body)
  local standing = require("standing")
  local set, message, code = standing.rules(ctx)
  if not set then
    return nil, message, code
  end
  local present = standing.named(set, body.rule)
  local off = turned_off(ctx, body, present)
  if off then
    return nil, off, "stopped"
  elseif present and present.declaration and sources.hash(present) == body.source then
    return as_begun(present, body, present.declaration, present.package)
  end
  return kept(ctx, body)
end

-- Sources that no waiting firing needs any more, for job "prune".
function sources.unused(ctx)
  local needed, list = {}, {}
  local old = sw.store.docs(ctx.who, "source", { to = sw.time.now() - KEPT_MS }) or {}
  for _, doc in ipairs(#old > 0 and sw.store.docs(ctx.who, "steps", {}) or {}) do
    if doc.body.state == "waiting" or doc.body.state == "queued" or doc.body.state == "failed" then
      needed[doc.body.source] = true
    end
  end
  for _, doc in ipairs(old) do
    list[#list + 1] = not needed[doc.name] and doc.name or nil
  end
  return list
end

function sources.prune(ctx)
  local t, list = home.txn(ctx), sources.unused(ctx)
  for _, name in ipairs(list) do
    t:doc_delete("source", name)
  end
  return #list == 0 or t:commit()
end

return sources

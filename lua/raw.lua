-- What services gave, kept as it came for a while (retention.raw_days of config.lua, 30; 0 turns it off), so
-- that it can be mapped again without them. Files that a person imported are not copied: they have them.
--   local kept = raw.recorder(ctx);  raw.note(kept, request, reply)      -- as answers come
--   raw.keep(ctx, t, c, provider, { op = "page", resource = "activities", window = w, page = 2 }, kept)
-- Bodies come here after the secrets of their connection were taken out of them (lua/account.lua).
local redaction = require("redaction")
local vault = require("vault")

local json = sw.json
local raw = {}

local DAYS, CONNECTION_MB, PERSON_MB, MB, DAY_MS = 30, 256, 1024, 1 << 20, 86400000
local RUN_MOST = 48 * MB -- answers of one run; more is not kept

local function setting(ctx, name, default)
  return (ctx.config and ctx.config.retention or {})[name] or default
end

function raw.is_on(ctx)
  return setting(ctx, "raw_days", DAYS) > 0
end

-- The instant from which on items are kept.
function raw.from(ctx)
  return sw.time.now() - math.floor(setting(ctx, "raw_days", DAYS) * DAY_MS)
end

function raw.caps(ctx)
  return { connection = math.floor(setting(ctx, "raw_connection_mb", CONNECTION_MB) * MB),
    person = math.floor(setting(ctx, "raw_mb", PERSON_MB) * MB) }
end

-- The name of a mapping: the hash of the script.
function raw.mapping(provider)
  return sw.sys.hash(provider.source):sub(1, 32)
end

-- What was asked, without what the engine filled in: marks of secrets are left as a word.
function raw.question(request)
  local query = {}
  for k, v in pairs(type(request.query) == "table" and request.query or {}) do
    query[tostring(k)] = tostring(v)
  end
  local text = json.encode { method = request.method or "GET", path = tostring(request.path or ""),
    query = query, body = request.json or request.form or request.body }
  return (text:gsub("\\u0001.-\\u0002", "SECRET"):gsub("\1.-\2", "SECRET"))
end

function raw.recorder(ctx)
  return { on = raw.is_on(ctx), parts = json.list(), bodies = {}, bytes = 0 }
end

function raw.note(kept, request, reply)
  if not kept.on then
    return
  end
  local body = reply.body or ""
  kept.bytes = kept.bytes + #body
  if kept.bytes > RUN_MOST then
    kept.on, kept.parts, kept.bodies = false, json.list(), {}
    return
  end
  local asked = raw.question(request)
  kept.parts[#kept.parts + 1] = { asked = asked:sub(1, 2000), whole = sw.sys.hash(asked):sub(1, 16),
    status = reply.status, bytes = #body, type = (reply.headers or {})["content-type"] }
  kept.bodies[#kept.bodies + 1] = body
end

-- Scripts are kept as long as something they read is: a remap compares with what they gave.
function raw.keep_script(ctx, t, provider, mapping)
  if not sw.store.doc(ctx.who, ".mapping", mapping) then
    t:doc(".mapping", mapping, json.encode { provider = provider.id, source = provider.source })
  end
end

-- Into the transaction of what the run brought: only runs that went well are kept.
function raw.keep(ctx, t, c, provider, unit, kept)
  if not kept.on or kept.bytes == 0 then
    return
  end
  local mapping, w = raw.mapping(provider), unit.window or {}
  raw.keep_script(ctx, t, provider, mapping)
  t:raw({ connection = c.id, resource = unit.resource, op = unit.op, mapping = mapping,
    page = unit.page ~= nil and json.encode(unit.page) or "",
    item = unit.item and json.encode(unit.item) or "",
    parts = json.encode(kept.parts), first = w.first, last = w.last, from = w.from, to = w.to },
    #kept.bodies == 1 and kept.bodies[1] or table.concat(kept.bodies), raw.caps(ctx))
end

-- A document that was posted; whoever posts may write anything into it, so it is cleaned here.
function raw.keep_posted(ctx, t, c, provider, op, body)
  local kept, hidden = raw.recorder(ctx), {}
  if kept.on then
    for _, name in ipairs { "connection:" .. c.id, "in:" .. c.id } do
      hidden[#hidden + 1] = (vault.get(ctx, name) or {}).secrets
    end
    raw.note(kept, { path = op }, { status = 200, body = redaction.hide(body, hidden) })
    raw.keep(ctx, t, c, provider, { op = op, resource = op }, kept)
  end
end

-- The answers of an item one by one: { { body, status, type, asked, whole } ... } | nil, message
function raw.answers(ctx, item)
  local text, message = sw.store.raw_body(ctx.who, item.body)
  if not text then
    return nil, message or "it is not kept any more"
  end
  local list, at = {}, 1
  for i, part in ipairs(item.parts or {}) do
    list[i] = { body = text:sub(at, at + part.bytes - 1), status = part.status, type = part.type,
      asked = part.asked, whole = part.whole }
    at = at + part.bytes
  end
  return list
end

-- --- forgetting ---

function raw.is_due(ctx)
  local caps, old = raw.caps(ctx), sw.store.raw_items(ctx.who, { limit = 1 }) or {}
  return old[1] and (old[1].fetched < raw.from(ctx) or sw.store.raw_totals(ctx.who, 0).stored > caps.person)
end

local function forget_scripts(ctx)
  local used, t, any = {}, sw.txn.new(ctx.who, ctx.name, ctx.zone), false
  for _, item in ipairs(sw.store.raw_items(ctx.who) or {}) do
    used[item.mapping] = true
  end
  for _, doc in ipairs(sw.store.docs(ctx.who, ".mapping", {}) or {}) do
    if not used[doc.name] then
      t:doc_delete(".mapping", doc.name)
      any = true
    end
  end
  return not any or t:commit()
end

-- A part a transaction; `keep` extends the lease of whoever asks.
function raw.prune(ctx, keep)
  local gone, left, PART = 0, true, 500
  while left do
    local t = sw.txn.new(ctx.who, ctx.name, ctx.zone)
    keep(t)
    t:raw_prune(raw.from(ctx), raw.caps(ctx), PART)
    local done, message, code = t:commit()
    if not done then
      return nil, message, code
    end
    local last = done[#done]
    gone, left = gone + last.gone, last.left
  end
  local ok, message, code = forget_scripts(ctx)
  if not ok then
    return nil, message, code
  end
  return gone
end

return raw

-- What we wrote to services and what of it comes back. An upload carries a tag of ours; what it was made from
-- is noted before it is sent. A record that is read and is one of these is dropped: by the id the service
-- gave it, by the tag in it, or because it says that it was made from one of these (A -> B -> C -> A).
--   echoes.intend(ctx, c, "calendar", entry)       -- before it is sent: entry.tag is set
--   echoes.sent(ctx, c, entry, external)           -- afterwards; external: the id it has there, or nil
--   local index = echoes.index(ctx);  local tag, why = index:of(c, draft)      --> nil when it is not ours
-- Without a tag a chain is known by its links; one whose source was not read yet waits for it.
-- Documents: .sent "CONNECTION:TAG" { what, uid, from, at, external, came }, .sent_id "CONNECTION:ID" { tag }
local connections = require("connections")
local home = require("home")

local json = sw.json
local echoes = {}

local TAG = "syncwell%-%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x"
local DATA, NAME, HELD, HELD_MOST = ".sent", ".sent_id", ".sent_held", 3

function echoes.tag(ctx, c, uid)
  return "syncwell-" .. sw.sys.hash(("%s\0%d\0%s"):format(ctx.name, c.id, uid)):sub(1, 20)
end

local function name_of(c, id)
  return ("%d:%s"):format(c.id, id)
end

local function note(t, c, tag, body)
  t:doc(DATA, name_of(c, tag), json.encode(body))
end

-- The same entry has the same tag each time. Stands in the store before anything is sent.
function echoes.intend(ctx, c, what, entry)
  entry.tag = echoes.tag(ctx, c, entry.uid)
  local known = sw.store.doc(ctx.who, DATA, name_of(c, entry.tag))
  if known then
    return true
  end
  local t = home.txn(ctx)
  note(t, c, entry.tag, { what = what, uid = entry.uid, from = entry.from, at = sw.time.now() })
  t:doc(NAME, name_of(c, entry.uid), json.encode { tag = entry.tag })
  return t:commit()
end

-- What was read before its id was known here is one of ours after all.
local function drop_read(ctx, t, c, external)
  for _, r in ipairs(sw.store.records(ctx.who, { connection = c.id, external = external }) or {}) do
    t:record_delete(r.id, r.kind)
  end
end

function echoes.sent(ctx, c, entry, external)
  if type(external) ~= "string" or external == "" then
    return true
  end
  external = external:sub(1, 500)
  local doc = sw.store.doc(ctx.who, DATA, name_of(c, entry.tag))
  local body = doc and doc.body or { uid = entry.uid, at = sw.time.now() }
  body.external = external
  local t = home.txn(ctx)
  note(t, c, entry.tag, body)
  t:doc(NAME, name_of(c, external), json.encode { tag = entry.tag })
  drop_read(ctx, t, c, external)
  t:dispatch(0)
  return t:commit()
end

-- --- reading ---

local index = {}
index.__index = index

-- All that was ever sent; nothing of it in homes that write nowhere.
function echoes.index(ctx)
  local self = setmetatable({ ctx = ctx, tags = {}, ids = {}, providers = {}, held = {} }, index)
  for _, doc in ipairs(ctx.who and sw.store.docs(ctx.who, DATA, {}) or {}) do
    self.any = true
    self.tags[doc.name:match(":(.*)$")] = { name = doc.name, body = doc.body }
  end
  if self.any then
    for _, doc in ipairs(sw.store.docs(ctx.who, NAME, {}) or {}) do
      self.ids[doc.name] = doc.body.tag
    end
    for _, doc in ipairs(sw.store.docs(ctx.who, HELD, {}) or {}) do
      self.held[doc.name] = doc.body.n
    end
    for _, c in ipairs(connections.list(ctx) or {}) do
      self.providers[c.provider] = self.providers[c.provider] or {}
      table.insert(self.providers[c.provider], c)
    end
  end
  return self
end

local function tag_in(self, d)
  local texts = { d.id }
  texts[#texts + 1] = type(d.tag) == "string" and d.tag or nil
  for _, v in pairs(type(d.attributes) == "table" and d.attributes or {}) do
    texts[#texts + 1] = type(v) == "string" and v or nil
  end
  for _, text in ipairs(texts) do
    for tag in text:gmatch(TAG) do
      if self.tags[tag] then
        return tag
      end
    end
  end
end

-- "strava:123": made from that record of that service. Gives its tag, or whether nothing is known of it yet
-- though the service is connected.
local function source_of(self, d)
  local provider, id = tostring(d.derived_from or ""):match("^(%l[%l%d%-]*):(.+)$")
  local unknown = false
  for _, c in ipairs(provider and self.providers[provider] or {}) do
    local tag = self.ids[name_of(c, id)]
    if tag then
      return tag, false
    end
    unknown = unknown or #(sw.store.records(self.ctx.who, { connection = c.id, external = id }) or {}) == 0
  end
  return nil, unknown
end

-- The tag by which a draft of this connection is one of ours, and why; nil when it is not, with "held" while
-- it is not known.
function index:of(c, d)
  if not self.any then
    return nil
  end
  local tag = self.ids[name_of(c, d.id)]
  if tag then
    return tag, "its id"
  end
  tag = tag_in(self, d)
  if tag then
    return tag, "its tag"
  end
  local unknown
  tag, unknown = source_of(self, d)
  if not tag and unknown and (self.held[name_of(c, d.id)] or 0) < HELD_MOST then
    return nil, "held"
  end
  return tag, tag and "what it was made from"
end

-- Made from something of a service that is connected and was not read yet: it waits, a few times over.
local function hold(self, t, c, id)
  local name = name_of(c, id)
  self.held[name] = (self.held[name] or 0) + 1
  t:doc(HELD, name, json.encode { n = self.held[name] })
end

-- What was left out is noted, so that what is made from it is recognised too. e: { id, tag (nil: held), why }
function index:note(t, c, e)
  if not e.tag then
    return hold(self, t, c, e.id)
  end
  local sent, known = self.tags[e.tag], self.ids[name_of(c, e.id)]
  if not known then
    self.ids[name_of(c, e.id)] = e.tag
    t:doc(NAME, name_of(c, e.id), json.encode { tag = e.tag })
    t:doc_delete(HELD, name_of(c, e.id))
    drop_read(self.ctx, t, c, e.id)
  end
  if sent and not (known and sent.body.came) then
    sent.body.came = { connection = connections.title(c), id = e.id, by = e.why, at = sw.time.now() }
    t:doc(DATA, sent.name, json.encode(sent.body))
  end
end

-- Uploads that were made from this record or group: { { connection, uid, external, at, came } ... }
function echoes.made_from(ctx, group)
  local list = json.list()
  local titles = {}
  for _, c in ipairs(connections.list(ctx) or {}) do
    titles[c.id] = connections.title(c)
  end
  for _, doc in ipairs(sw.store.docs(ctx.who, DATA, {}) or {}) do
    if tostring(doc.body.from or ""):find(group, 1, true) then
      local sent = doc.body
      sent.connection = titles[math.tointeger(tonumber(doc.name:match("^%d+")))] or "what is gone"
      list[#list + 1] = sent
    end
  end
  return list
end

return echoes

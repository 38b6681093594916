-- What is posted to us: /in/SECRET takes a document, stores it, answers, and lets a job read it.
--   post.secret(ctx, c) --> the secret of a connection's address, made once
--   post.find(word) --> person id, connection id of an address | nil
--   post.keep(ctx, who, connection, body) --> true: on disk, and a job waits for it
-- Only a hash of the secret is needed to find the connection, so only that is searched.
local home = require("home")
local vault = require("vault")

local json = sw.json
local post = {}

post.FILES_MOST, post.BYTES_MOST = 10000, 1 << 30 -- of one connection, whoever has its address

local function mark(secret)
  return sw.crypto.hex(sw.crypto.sha256("in:" .. secret))
end

function post.secret(ctx, c)
  local name = "in:" .. c.id
  local kept, message, code = vault.get(ctx, name)
  if kept then
    return kept.secrets.path
  elseif message and type(message) == "string" then
    return nil, message, code
  end
  local secret = sw.crypto.base64(sw.crypto.random(24), true)
  local t = home.txn(ctx)
  vault.put(t, ctx, name, { secrets = { path = secret } })
  t:doc(".in", mark(secret), json.encode { connection = c.id })
  local ok
  ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return secret
end

-- Into a transaction that erases the connection: by what its address was known.
function post.forget(ctx, t, c)
  for _, doc in ipairs(sw.store.docs(ctx.who, ".in", {}) or {}) do
    if doc.body.connection == c.id then
      t:doc_delete(".in", doc.name)
    end
  end
end

-- Documents that wait, or were not understood and stay, of connections among these that are there no more.
function post.clear(ctx, ids)
  local there = {}
  for _, p in ipairs(sw.store.people() or {}) do
    for _, c in ipairs(sw.store.connections(p.id) or {}) do
      there[tostring(c.id)] = true
    end
  end
  for _, name in ipairs(sw.fs.list(ctx.home .. "/inbox") or {}) do
    local id = name:match("^(%d+)%-")
    if id and ids[id] and not there[id] then
      sw.fs.remove(ctx.home .. "/inbox/" .. name)
    end
  end
end

-- The person's own address for webhooks of rules, and the key they are signed with; made once.
function post.trigger(ctx)
  local kept, message, code = vault.get(ctx, "in:0")
  if not kept and message and type(message) == "string" then
    return nil, message, code
  elseif kept then
    return kept.secrets
  end
  local secrets = { path = sw.crypto.base64(sw.crypto.random(24), true),
    key = sw.crypto.hex(sw.crypto.random(24)) }
  local t = home.txn(ctx)
  vault.put(t, ctx, "in:0", { secrets = secrets })
  t:doc(".in", mark(secrets.path), json.encode { connection = 0 })
  local ok
  ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return secrets
end

-- What a service must know to make us answer its handshake: made from the address.
function post.token(secret)
  return sw.crypto.hex(sw.crypto.sha256("token:" .. secret)):sub(1, 32)
end

function post.find(secret)
  local name = mark(secret)
  for _, p in ipairs(sw.store.people() or {}) do
    local doc = sw.store.doc(p.id, ".in", name)
    local c = doc and doc.body.connection -- 0: for rules; an address goes with its connection
    if doc and sw.store.sealed(p.id, "in:" .. c) then
      return p, doc.body.connection
    end
  end
end

-- Where it is reached: kind is "in" or "hook".
function post.address(ctx, kind, secret)
  local base = (ctx.config.public_url or "http://127.0.0.1:8787"):gsub("/+$", "")
  return ("%s/%s/%s"):format(base, kind, secret)
end

local function folder(ctx)
  return ctx.home .. "/inbox"
end

-- What waits (or was not understood and stays) of one connection: files, bytes.
local function waiting(ctx, c)
  local files, bytes = 0, 0
  for _, name in ipairs(sw.fs.list(folder(ctx)) or {}) do
    if name:match("^(%d+)%-") == tostring(c) then
      files, bytes = files + 1, bytes + (sw.fs.stat(folder(ctx) .. "/" .. name) or { size = 0 }).size
    end
  end
  return files, bytes
end

-- The document lies on disk before anybody is told that it was taken; its name is its hash, so that the
-- same one posted again while it waits is kept once.
function post.keep(ctx, c, body, kind, extra)
  local ok, message, code = sw.fs.mkdir(folder(ctx))
  if not ok then
    return nil, message, code
  end
  local files, bytes = waiting(ctx, c)
  if files >= post.FILES_MOST or bytes + #body > post.BYTES_MOST then
    return nil, ("the inbox is full: %d documents of this connection wait in %s"):format(files,
      folder(ctx)), "full"
  end
  local name = ("%d-%s"):format(c, sw.sys.hash(body):sub(1, 32))
  local waits = sw.fs.stat(folder(ctx) .. "/" .. name) ~= nil
  ok, message, code = sw.fs.write(folder(ctx) .. "/" .. name, body, 384)
  if not ok then
    return nil, message, code
  end
  local t = home.txn(ctx)
  t:job { kind = "ingest", name = name, payload = json.encode { connection = c, file = name,
    kind = kind or "posted", headers = extra and extra.headers, query = extra and extra.query } }
  ok, message, code = t:commit()
  if not ok and not waits then
    sw.fs.remove(folder(ctx) .. "/" .. name) -- no job would ever read it
  end
  return ok, message, code
end

function post.read(ctx, name)
  return sw.fs.read(folder(ctx) .. "/" .. name, 33 << 20)
end

function post.is_there(ctx, name)
  return sw.fs.stat(folder(ctx) .. "/" .. name) ~= nil
end

function post.drop(ctx, name)
  return sw.fs.remove(folder(ctx) .. "/" .. name)
end

return post

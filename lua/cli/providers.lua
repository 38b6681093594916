-- syncwell providers: which services there are, what they need, how their limits stand.
--   syncwell providers   |   syncwell providers show strava   |   syncwell providers limits
local account = require("account")
local commands = require("commands")
local connections = require("connections")
local providers = require("providers")
local schema = require("schema")
local term = require("term")

local json = sw.json

local command = {
  group = "start", summary = "which services there are", usage = "[list | show NAME | limits]",
  example = "syncwell providers\nsyncwell providers show strava\nsyncwell providers limits", options = {},
}

command.words = { NAME = "PROVIDER" }

local needs = { oauth2 = "sign-in (OAuth 2, an app of yours)", basic = "a key", key = "a key",
  sealed = "a secret" }

local function public(p)
  local d = p.declaration
  if not d then
    return { id = p.id, error = p.error }
  end
  local asks = d.auth and needs[d.auth.kind] or d.session and "user and password"
    or d.posts and "an app that posts here" or "nothing"
  return { id = p.id, title = d.title, doc = d.doc, own = p.own, needs = asks, hosts = json.list(d.hosts),
    reads = json.list(schema.keys(d.reads or {})), webhook = d.webhook ~= nil, posts = d.posts or false }
end

local verbs = {}

function verbs.list(ctx)
  local out, rows = json.list(), {}
  for i, p in ipairs(providers.all(ctx)) do
    out[i] = public(p)
    rows[i] = { p.id, out[i].title or "", out[i].needs or "", out[i].error and out[i].error:match("^[^\n]*")
      or table.concat(out[i].reads, ", ") }
  end
  if ctx.json then
    term.line("%s", json.encode(out))
  else
    term.table({ "provider", "service", "needs", "brings" }, rows)
  end
  return 0
end

function verbs.show(ctx, name)
  local p, message, code = providers.get(ctx, name)
  if not p then
    return nil, message, code
  end
  local o = public(p)
  if ctx.json then
    term.line("%s", json.encode(o))
    return 0
  end
  term.line("%s: %s%s\nneeds   %s\nbrings  %s\nhosts   %s", o.id, o.title, o.doc and "\n" .. o.doc or "",
    o.needs,
    table.concat(o.reads, ", "), table.concat(o.hosts, ", "))
  return 0
end

local function span(ms)
  return account.span(ms)
end

-- One line a bucket: what is spent of it in the window that ends now, and until when it holds.
function verbs.limits(ctx)
  local held, out, rows = {}, json.list(), {}
  for _, h in ipairs(sw.store.holds() or {}) do
    held[h.name] = h
  end
  for _, c in ipairs(connections.list(ctx) or {}) do
    local provider = providers.get(ctx, c.provider)
    local acct = provider and account.open(ctx, c, provider)
    local hold = acct and held[acct:hold_name()]
    for _, l in ipairs(acct and acct:limits() or {}) do
      local used = sw.store.limit_used(l.name, l.most, l.period_ms, l.aligned)
      out[#out + 1] = { connection = connections.title(c), bucket = l.name, used = used, most = l.most,
        period_s = l.period_ms // 1000, held_until = hold and sw.time.iso(hold["until"], 0) or nil }
      rows[#rows + 1] = { connections.title(c), l.name, ("%d of %d"):format(used, l.most), span(l.period_ms),
        hold and "waits until " .. sw.time.iso(hold["until"] // 1000 * 1000, 0) or "" }
    end
  end
  if ctx.json then
    term.line("%s", json.encode(out))
  elseif #rows == 0 then
    term.line("no connection has a limit to keep")
  else
    term.table({ "connection", "bucket", "spent", "per", "" }, rows)
  end
  return 0
end

function command.run(ctx, words)
  local verb, message, code = commands.verb("providers", verbs, words[1])
  if not verb then
    return nil, message, code
  end
  return verb(ctx, words[2])
end

return command

-- syncwell connections: what is connected, how it is, what is known of each day.
--   syncwell connections   |   syncwell connections show strava   |   syncwell connections remove strava
local capabilities = require("capabilities")
local commands = require("commands")
local connections = require("connections")
local erasing = require("erasing")
local home = require("home")
local post = require("post")
local providers = require("providers")
local term = require("term")

local json = sw.json

local command = {
  group = "data", summary = "what is connected, and how it is", mutates = true,
  usage = "[list | show NAME | pause NAME | resume NAME | remove NAME [--with-data] | approve NAME "
    .. "| poll NAME SPAN | webhook NAME]",
  example = "syncwell connections\nsyncwell connections show strava\n"
    .. "syncwell connections poll nightscout 5min\nsyncwell connections webhook strava",
  doc = "`show` prints the coverage ledger: which days of each resource were received. `approve` lets a\n"
    .. "script that changed go on with the account.",
  options = { ["with-data"] = { doc = "remove: what it brought and what rules did about it goes too" } },
}

command.words = { NAME = "connections" }

local function iso(ctx, ms)
  return ms and sw.time.iso(ms // 1000 * 1000, home.offset(ctx, ms))
end

local function public(ctx, c)
  return { name = connections.title(c), id = c.id, provider = c.provider, state = c.state,
    sentence = c.body.sentence, account = c.body.account_name or c.body.account, base_url = c.body.base_url,
    settings = c.body.settings, last_sync = iso(ctx, c.body.last_sync), last_error = c.body.last_error,
    poll_s = c.body.poll_s }
end

local verbs = {}

function verbs.list(ctx)
  local list, message, code = connections.list(ctx)
  if not list then
    return nil, message, code
  end
  local rows, out = {}, json.list()
  for i, c in ipairs(list) do
    out[i] = public(ctx, c)
    rows[i] = { out[i].name, c.state, out[i].account or "", out[i].last_sync or "never",
      c.body.sentence or c.body.last_error or "" }
  end
  if ctx.json then
    term.line("%s", json.encode(out))
  elseif #rows == 0 then
    term.line("nothing is connected yet: `syncwell providers list`, then `syncwell connect NAME`")
  else
    term.table({ "connection", "state", "account", "last sync", "" }, rows)
  end
  return 0
end

local function ledger(ctx, c)
  local runs, out = sw.store.coverage(c.id) or {}, json.list()
  for i, r in ipairs(runs) do
    out[i] = { resource = r.resource, first = sw.time.day_text(r.first), last = sw.time.day_text(r.last),
      days = r.last - r.first + 1, state = r.state, attempts = r.attempts, at = iso(ctx, r.at),
      reason = r.reason ~= "" and r.reason or nil }
  end
  return out
end

function verbs.show(ctx, c)
  local p, spans = public(ctx, c), ledger(ctx, c)
  p.coverage = spans
  if ctx.json then
    term.line("%s", json.encode(p))
    return 0
  end
  term.line("connection  %s\nstate       %s%s", p.name, p.state, p.sentence and "\n            "
    .. p.sentence or "")
  term.line("account     %s\nlast sync   %s", p.account or "-", p.last_sync or "never")
  if p.last_error then
    term.line("last error  %s", sw.sys.clean(p.last_error))
  end
  local rows = {}
  for i, r in ipairs(spans) do
    rows[i] = { r.resource, r.first, r.last, r.state, r.reason or "" }
  end
  if #rows > 0 then
    term.line("")
    term.table({ "resource", "from", "to", "coverage", "" }, rows)
  end
  return 0
end

local function set(ctx, c, state)
  c.state, c.body.sentence = state, nil
  local t = home.txn(ctx)
  connections.put(t, c)
  if state == "active" then
    connections.plan(t, c, sw.time.now(), "resume")
  end
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and json.encode(public(ctx, c)) or connections.title(c) .. " is " .. state)
  return 0
end

function verbs.pause(ctx, c)
  return set(ctx, c, "paused")
end

function verbs.resume(ctx, c)
  if c.state == "needs_user" then
    return nil, c.body.sentence or "this connection needs you: connect it again", "needs_user"
  end
  return set(ctx, c, "active")
end

-- The script behind a connection changed: go on with the one that is there now.
function verbs.approve(ctx, c)
  local provider, message, code = providers.get(ctx, c.provider)
  if not provider then
    return nil, message, code
  end
  c.body.script = providers.pin(provider)
  if not ctx.json then
    term.line("%s (%s) may: %s", provider.script, provider.from, capabilities.line(c.body.script.may))
  end
  return set(ctx, c, c.state == "paused" and "paused" or "active")
end

local function remove_all(ctx, c)
  local r, message, code = erasing.connection(ctx, c)
  if not r then
    return nil, message, code
  elseif ctx.json then
    term.line("%s", json.encode { removed = true, backups = r.backups, moved = r.moved })
    return 0
  end
  term.line("%s is gone with all that it brought", connections.title(c))
  for _, line in ipairs(erasing.left(r)) do
    term.line("%s", line)
  end
  return 0
end

function verbs.remove(ctx, c, _, options)
  if options["with-data"] then
    return remove_all(ctx, c)
  end
  local t = home.txn(ctx)
  t:connection_remove(c.id)
  t:secret_delete("in:" .. c.id)
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"removed":true}' or ("%s is gone, its credential too; the data it brought stays")
    :format(connections.title(c)))
  return 0
end

-- The address a service posts to, and the word by which it shows that it is the one we told.
function verbs.webhook(ctx, c)
  local provider, message, code = providers.get(ctx, c.provider)
  if not provider then
    return nil, message, code
  end
  local d = provider.declaration
  if not d.webhook and not d.posts then
    return nil, d.title .. " sends no webhooks that are understood here: it is polled", "usage"
  end
  local secret
  secret, message, code = post.secret(ctx, c)
  if not secret then
    return nil, message, code
  end
  local out = { url = post.address(ctx, d.posts and "in" or "hook", secret),
    verify_token = d.webhook and d.webhook.challenge and d.webhook.challenge.token and post.token(secret) }
  if ctx.json then
    term.line("%s", json.encode(out))
    return 0
  end
  term.line("address       %s", out.url)
  if out.verify_token then
    term.line("verify token  %s", out.verify_token)
  end
  term.line("\nKeep both to yourself. `syncwell serve` answers there; services on the internet\n"
    .. "reach it by public_url in config.lua, through a proxy with TLS.")
  return 0
end

local units = { s = 1, min = 60, h = 3600, d = 86400 }

function verbs.poll(ctx, c, span)
  local n, unit = tostring(span):match("^(%d+)%s*(%a+)$")
  local seconds = n and units[unit] and tonumber(n) * units[unit]
  if not seconds or seconds < 10 then
    return nil, ("'%s' is no span such as 5min (10s at least)"):format(tostring(span)), "usage"
  end
  local provider = providers.get(ctx, c.provider)
  c.body.poll_s = math.tointeger(seconds) or seconds
  local t = home.txn(ctx)
  connections.put(t, c)
  connections.plan_next(t, c, provider and provider.declaration)
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  local text = ("%s is asked every %s"):format(connections.title(c), span)
  term.line("%s", ctx.json and json.encode(public(ctx, c)) or text)
  return 0
end

function command.run(ctx, words, options)
  local verb, message, code = commands.verb("connections", verbs, words[1])
  if not verb then
    return nil, message, code
  elseif verb == verbs.list then
    return verb(ctx)
  end
  local c
  c, message, code = connections.find(ctx, words[2])
  if not c then
    return nil, message, code
  end
  return verb(ctx, c, words[3], options)
end

return command

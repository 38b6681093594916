-- syncwell connect: sign in to a service, once; then it is polled by `run` and `serve`.
--   syncwell connect intervals-icu   |   syncwell connect strava   |   syncwell connect health-connect
local capabilities = require("capabilities")
local connections = require("connections")
local oauth = require("oauth")
local post = require("post")
local providers = require("providers")
local queue = require("queue")
local signin = require("signin")
local term = require("term")
local url = require("url")

local json = sw.json

local command = {
  creates = true, group = "start", summary = "connect a service", mutates = true,
  usage = "PROVIDER [--name N] [--base-url URL] [--client-id ID] [--paste] [--no-sync]",
  example = "syncwell connect intervals-icu\nsyncwell connect strava --client-id 12345\n"
    .. "syncwell connect nightscout --base-url https://mine.example\n"
    .. "syncwell connect phone\nsyncwell connect health-connect",
  doc = "Keys and secrets are asked for without being shown, or read from standard input, one a line.\n"
    .. "The last 7 days come at once. `syncwell providers list` says what there is.",
  options = { name = { value = "N", doc = "a name for it, when you have two accounts (default: main)" },
    ["base-url"] = { value = "URL", doc = "where the service runs: your own server, a relay, a test" },
    ["client-id"] = { value = "ID", doc = "id of the app you registered (OAuth 2); its secret is asked for" },
    paste = { doc = "sign in on another machine and paste the address you were sent to" },
    ["no-sync"] = { doc = "only connect" } },
}

local WAIT_MS = 15 * 60000

local function ask_secrets(d)
  local names, secrets = {}, {}
  for name in pairs(d.secrets or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = sw.sys.read_hidden(("%s (%s): "):format(name:gsub("_", " "), d.secrets[name]))
    if not value or value == "" then
      return nil, ("no %s given: %s"):format(name:gsub("_", " "), d.secrets[name]), "usage"
    end
    secrets[name] = value
  end
  return { secrets = secrets }
end

local function with_secrets(ctx, provider, spec)
  local secret, message, code = ask_secrets(provider.declaration)
  if not secret then
    return nil, message, code
  end
  spec.secret = secret
  return signin.keep(ctx, provider, spec)
end

-- --- OAuth 2 ---

local function finish(ctx, word, params)
  local done, message, code = oauth.finish(ctx, word, params, function(id)
    return providers.get(ctx, id)
  end)
  local c
  if done then
    c, message, code = signin.keep(ctx, done.provider, done)
  end
  oauth.settle(ctx, word, c and { connection = c.id } or { error = message, code = code })
  return c, message, code
end

-- An address to open; with --json standard output is for the one document.
local function show_address(ctx, text, address)
  local line = ("\n%s\n\n  %s\n"):format(text, address)
  if ctx.json then
    sw.sys.err(line .. "\n")
  else
    term.line("%s", line)
    term.qr(address)
  end
end

-- What a person pasted: the whole address they were sent to, or the code alone.
local function pasted(ctx, begun)
  show_address(ctx, "Open this address, allow access, then paste the address you are sent to\n"
    .. "(or its code):", begun.address)
  local text = sw.sys.read_line("> ") or ""
  text = text:match("^%s*(.-)%s*$")
  local params = text:find("[=?]") and url.params(text) or { code = text }
  if params.state and params.state ~= begun.state then
    return nil, "that address belongs to another sign-in: begin again", "usage"
  elseif not params.code and not params.error then
    return nil, "there is no code in what was pasted", "usage"
  end
  return finish(ctx, begun.state, params)
end

local page = "<!doctype html><meta charset=utf-8><title>SyncWell</title><p>%s</p>"

-- Wait on the redirect's own port for the browser to come back.
local function listened(ctx, begun)
  local address = begun.redirect:match("^http://([^/]+)")
  local result
  local port = address and sw.serve.listen(address, function(request, answer)
    local params = request.query
    if request.path ~= "/callback" or params.state ~= begun.state then
      return answer(404, { ["Content-Type"] = "text/plain" }, "not this sign-in\n")
    end
    result = table.pack(finish(ctx, begun.state, params))
    local text = result[1] and "Connected. You can close this page."
      or "This did not work; the terminal says why."
    answer(result[1] and 200 or 400, { ["Content-Type"] = "text/html; charset=utf-8" }, page:format(text))
    sw.sys.wake("callback")
  end)
  show_address(ctx, "Open this address and allow access:", begun.address)
  local began = sw.time.mono()
  while not result and sw.time.mono() - began < WAIT_MS do
    sw.sys.sleep(500, true)
    -- a server of ours that already listens there takes the callback itself
    local said = not port and not result and oauth.outcome(ctx, begun.state)
    if said and said.connection then
      result = table.pack(connections.find(ctx, said.connection))
    elseif said then
      result = { nil, said.error, said.code }
    end
  end
  sw.serve.close()
  if not result then
    return nil, "nobody came back within 15 minutes; on another machine use --paste", "needs_user"
  end
  return table.unpack(result, 1, 3)
end

local function with_oauth(ctx, provider, spec, options)
  if options["client-id"] then
    local secret = sw.sys.read_hidden("client secret (of the app you registered): ")
    if not secret or secret == "" then
      return nil, "no client secret given", "usage"
    end
    local ok, message, code = oauth.set_client(ctx, provider, options["client-id"], secret)
    if not ok then
      return nil, message, code
    end
  end
  local begun, message, code = oauth.start(ctx, provider, spec)
  if not begun then
    return nil, message, code
  end
  return (options.paste and pasted or listened)(ctx, begun)
end

-- --- a connection that waits for what is posted ---

local function posted_to(ctx, provider, spec)
  spec.secret = { secrets = {} }
  local c, message, code = signin.keep(ctx, provider, spec)
  if not c then
    return nil, message, code
  end
  local secret
  secret, message, code = post.secret(ctx, c)
  if not secret then
    return nil, message, code
  end
  c.posts_to = post.address(ctx, "in", secret)
  return c
end

local function connect(ctx, provider, spec, options)
  local d = provider.declaration
  if d.auth and d.auth.kind == "oauth2" then
    return with_oauth(ctx, provider, spec, options)
  elseif d.posts then
    return posted_to(ctx, provider, spec)
  end
  return with_secrets(ctx, provider, spec)
end

local function first_sync(ctx, c)
  return queue.run_now(ctx, { kind = "sync", name = tostring(c.id), payload = json.encode { connection = c.id,
    reason = "connect" } })
end

local function say(ctx, c, outcome, withheld)
  if ctx.json then
    return term.line("%s", json.encode { connection = connections.title(c), account = c.body.account_name
      or c.body.account, post_to = c.posts_to, not_granted = withheld, note = c.note, sync = outcome })
  end
  local who = c.body.account_name or c.body.account
  term.line("connected %s%s", connections.title(c), who and " as " .. sw.sys.clean(who) or "")
  if c.note then
    term.line("%s", c.note)
  end
  if withheld then
    term.line("not granted: %s; what needs it is refused until you connect again", sw.sys.clean(withheld))
  end
  if c.posts_to then
    term.line("\nLet the app post to this address (keep it to yourself;\n"
      .. "`syncwell serve` answers it):\n\n  %s",
      c.posts_to)
    if not (ctx.config and ctx.config.public_url) then
      term.line("\nOnly this machine reaches it there: `public_url` in config.lua is the address\n"
        .. "that your phone reaches (a proxy with TLS), or 127.0.0.1 is this machine's\n"
        .. "name or number in your network after `syncwell serve --listen 0.0.0.0:8787`.")
    end
  elseif outcome then
    term.line("the last 7 days: %s new%s", term.number(outcome.new), outcome.rejected > 0
      and (", %d rejected"):format(outcome.rejected) or "")
    term.line("`syncwell serve` (or `run`) keeps it up to date")
  end
end

function command.run(ctx, words, options)
  if not words[1] then
    return nil, "connect what? `syncwell providers list` says what there is", "usage"
  end
  local provider, message, code = providers.get(ctx, words[1])
  if not provider then
    return nil, message, code
  end
  local spec = { name = options.name or "main", base_url = options["base-url"] }
  if not spec.name:find("^[%w_%-]+$") or #spec.name > 40 then
    return nil, "--name: 1 to 40 letters, digits, _ or -", "usage"
  end
  if provider.from ~= "shipped" and not ctx.json then
    term.line("%s (%s) may: %s", provider.script, provider.from,
      capabilities.line(capabilities.of(provider.declaration)))
  end
  local c
  c, message, code = connect(ctx, provider, spec, options)
  if not c then
    return nil, message, code
  end
  local outcome
  if not options["no-sync"] and next(provider.declaration.reads or {}) then
    outcome, message, code = first_sync(ctx, c)
    if not outcome then
      return nil, message, code
    end
  end
  say(ctx, c, outcome, oauth.withheld(provider.declaration, c.body.scope))
  if outcome and outcome.error then
    term.error(outcome.error)
    return 4
  end
  return 0
end

return command

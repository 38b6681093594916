-- Channel "email": a mail by your provider's SMTP server.
--   config.lua: channels = { email = { url = "smtp://mail.example:587", user = "me", password = "...",
--     from = "me@mail.example", to = "me@mail.example" } }     smtps://mail.example:465 works too
-- Mail has no keys that servers honour, but its Message-ID is made from the action's, so that a mailbox
-- that gets one twice can tell. starttls = "require" unless said otherwise ("try", "never").
local channels = require("channels")
local mail = require("mail")

local email = { keyed = false, stands_in = 2, settings = {
  url = { "string", doc = "smtp://HOST:587 or smtps://HOST" },
  user = { "string", doc = "sign-in at the server" },
  password = { "string", doc = "\"secret:NAME\" and `syncwell secrets set NAME`" },
  from = { "string", doc = "a bare address" },
  to = { "string", doc = "one address, or several with commas" },
  starttls = { "string", doc = "require, try or never", default = "require" },
  ca_file = { "string", doc = "certificates to trust" },
} }

local FOR_GOOD = { rejected = true, refused = true, bad_url = true, bad_request = true, bad = true }

-- What the answer means to the action: its kind, and whether the mail may have arrived.
function email.judge(code)
  return FOR_GOOD[code] and "bad" or code, code == "unknown"
end

-- Nil when a mail can be written, else what is missing.
local function missing(to)
  if not to.url or not to.from or not to.to then
    return "email has no address: channels = { email = { url = \"smtp://HOST:587\", from = \"a@b\", "
      .. "to = \"c@d\" } } in config.lua"
  elseif not to.from:find("^[^%s<>@]+@[%w.-]+$") then
    return "email: 'from' is a bare address like me@mail.example"
  elseif to.starttls and not ({ require = true, try = true, never = true })[to.starttls] then
    return "email: 'starttls' is require, try or never"
  end
end

-- Buttons are links below the text; what they do is done by one tap on the page behind them.
local function links(list)
  local lines = {}
  for i, b in ipairs(list or {}) do
    lines[i] = ("\n%s: %s"):format(b.text, b.url)
  end
  return #lines > 0 and "\n" .. table.concat(lines) or ""
end

function email.send(ctx, key, args)
  local to = channels.of(ctx, "email")
  local problem = missing(to)
  if problem then
    return nil, problem, "bad"
  end
  local now, receivers = sw.time.now(), mail.addresses(to.to)
  local text = sw.sys.clean(args.text, true) .. links(args.buttons)
  local message = mail.compose { from = to.from, to = receivers, subject = args.title or "SyncWell",
    text = text, key = key, at = now, offset = sw.time.offset(ctx.zone, now), priority = args.priority }
  local ok, why, code = sw.smtp.send { url = to.url, user = to.user, password = to.password, from = to.from,
    to = receivers, message = message, starttls = to.starttls, ca_file = to.ca_file, administrator = true }
  if ok then
    return "done"
  end
  local kind, sent = email.judge(code)
  return nil, why, kind, sent
end

return email

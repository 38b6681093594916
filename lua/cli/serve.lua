-- syncwell serve: run, and answer HTTP: health, metrics, the calendar feed.
--   syncwell serve   |   syncwell serve --listen 127.0.0.1:9000
local api = require("api")
local home = require("home")
local run = require("cli.run")
local term = require("term")

local command = {
  group = "run", summary = "run, and answer HTTP on this machine", usage = "[--listen ADDR]", mutates = true,
  example = "syncwell serve\nsyncwell serve --listen 127.0.0.1:9000",
  doc = "GET /healthz, /metrics (Prometheus text), /calendar/SECRET.ics (subscribe to it in a "
    .. "calendar program).\n"
    .. "POST /in/SECRET from phones, /hook/SECRET from services (`syncwell connections webhook NAME` tells\n"
    .. "the address), GET /callback at the end of a sign-in.\n"
    .. "Only loopback addresses; put a proxy with TLS in front for other machines.",
  options = { listen = { value = "ADDR",
    doc = "address and port (default 127.0.0.1:8787, or config.lua's listen)" } },
}

local function is_loopback(address)
  return address:find("^127%.[%d.]+:%d+$") or address:find("^%[::1%]:%d+$") or address:find("^localhost:%d+$")
end

-- The secret in the feed's address, made once. Its kind begins with a dot: canonical dumps leave it out.
local function feed_secret(ctx)
  local doc = sw.store.doc(ctx.who, ".feed", "calendar")
  if doc then
    return doc.body.secret
  end
  local secret = sw.sys.random(24)
  local t = home.txn(ctx)
  t:doc(".feed", "calendar", sw.json.encode { secret = secret })
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  return secret
end

function command.run(ctx, _, options)
  local address = options.listen or ctx.config.listen or "127.0.0.1:8787"
  if options.now then
    return nil, "--now goes with `run --once`: a server lives in real time", "usage"
  elseif not is_loopback(address) then
    return nil, ("'%s' is no loopback address; this version has no sign-in: use 127.0.0.1:PORT and "
      .. "put a proxy "
      .. "with TLS and a password in front"):format(address), "usage"
  end
  local secret, message, code = feed_secret(ctx)
  if not secret then
    return nil, message, code
  end
  return run.forever(ctx, function()
    local port, why, kind = sw.serve.listen(address, function(request, answer)
      api.serve(ctx, request, answer)
    end)
    if not port then
      return nil, why, kind
    end
    local base = "http://" .. address:gsub(":%d+$", ":" .. port)
    term.line("listening on %s\ncalendar feed %s/calendar/%s.ics", base, base, secret)
    return true
  end)
end

return command

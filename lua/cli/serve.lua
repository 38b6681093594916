-- syncwell serve: run, and answer HTTP: health, metrics, the calendar feed.
--   syncwell serve   |   syncwell serve --listen 127.0.0.1:9000
-- Loopback unless told otherwise; where other machines reach it, a word for /metrics has to be there.
local api = require("api")
local bearer = require("api.bearer")
local feed = require("feed")
local run = require("cli.run")
local term = require("term")

local command = {
  group = "run", summary = "run, and answer HTTP on this machine", usage = "[--listen ADDR]", mutates = true,
  example = "syncwell serve\nsyncwell serve --listen 127.0.0.1:9000",
  doc = "GET /healthz, /metrics (Prometheus text), /calendar/SECRET.ics (subscribe to it in a "
    .. "calendar program).\n"
    .. "POST /in/SECRET from phones, /hook/SECRET from services (`syncwell connections webhook NAME` tells\n"
    .. "the address), GET /callback at the end of a sign-in.\n"
    .. "For other machines put a proxy with TLS in front. Without one, any address but loopback wants\n"
    .. "`syncwell secrets set metrics` first: /metrics then asks for it (Authorization: Bearer ...).",
  options = { listen = { value = "ADDR",
    doc = "address and port (default 127.0.0.1:8787, or config.lua's listen)" } },
}

local function is_loopback(address)
  return address:find("^127%.[%d.]+:%d+$") or address:find("^%[::1%]:%d+$") or address:find("^localhost:%d+$")
end

-- "HOST:PORT" as the server reads it, before anything is said of who reaches it.
local function is_address(text)
  local host, port = text:match("^(.+):(%d+)$")
  return host and #port <= 5 and tonumber(port) <= 65535
    and (host == "localhost" or host:find("^[%d.]+$") or host:find("^%[[%x:.]+%]$")) and true or false
end

-- Others may reach it: only when /metrics has its word, and never without saying what travels in the open.
local function may_listen(ctx, address)
  if not is_address(address) then
    return nil, ("cannot listen on '%s': write an address and a port, such as 127.0.0.1:8787 or [::1]:8787")
      :format(sw.sys.clean(address)), "usage"
  elseif is_loopback(address) then
    return true
  end
  local word, message, code = bearer.word(ctx)
  if message then
    return nil, message, code
  elseif not word or #word < bearer.SHORTEST then
    return nil, ("other machines reach '%s', and /metrics has no %s: `syncwell secrets set metrics` (at "
      .. "least %d characters), or use 127.0.0.1:PORT and put a proxy with TLS in front"):format(address,
      word and "word that is long enough" or "word of its own", bearer.SHORTEST), "usage"
  end
  ctx.public = true
  sw.sys.log("warn", "http", ("%s has no TLS: whoever is on the way reads what is posted, the feed's "
    .. "address and the word for /metrics; better put a proxy with TLS in front of 127.0.0.1")
    :format(address))
  return true
end

function command.run(ctx, _, options)
  local address = options.listen or ctx.config.listen or "127.0.0.1:8787"
  if options.now then
    return nil, "--now goes with `run --once`: a server lives in real time", "usage"
  end
  local fine, message, code = may_listen(ctx, address)
  if not fine then
    return nil, message, code
  end
  local secret
  secret, message, code = feed.secret(ctx)
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

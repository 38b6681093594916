-- A message that leaves by a POST, for channels over HTTP, and what the answer means to it. The address is
-- the administrator's own, so it may be one of this network. A redirect that turns the message into a mere
-- question is not followed: what answers there has not seen it, whatever it says.
--   http_channel.post({ url = "https://ntfy.sh/topic", headers = {...}, body = "..." }, lie)
--     --> "done" | nil, why, kind, sent, how long it says to wait (ms)
-- lie(answer): why an answer of 200 is none of the service's, else nil.
local patience = require("patience")
local url = require("url")

local http_channel = {}

local TIMEOUT_MS, HOPS_MOST = 15000, 3
local LATER = { [408] = true, [425] = true, [429] = true }
local AS_IT_IS = { [307] = true, [308] = true }

local function header(r, wanted)
  for name, value in pairs(r.headers) do
    if name:lower() == wanted then
      return value
    end
  end
end

-- Where the same message may be posted again: a place of the same server.
local function further(r, from)
  local to = AS_IT_IS[r.status] and header(r, "location") or ""
  if to:find("^/") and not to:find("^//") then
    return url.origin(from) .. to
  end
  return url.origin(to) == url.origin(from) and to or nil
end

local function send(message)
  local request = { url = message.url, method = "POST", headers = message.headers, body = message.body,
    timeout_ms = TIMEOUT_MS, administrator = true, redirects = false }
  local r, why, code, sent
  for _ = 0, HOPS_MOST do
    r, why, code, sent = sw.http.request(request)
    local next_url = r and further(r, request.url)
    if not next_url then
      break
    end
    request.url = next_url
  end
  return r, why, code, sent
end

-- 4xx means that the same message will never be taken, but for those that speak of time; 5xx that it may be
-- later, and 3xx that it will be by another address, or when no page to sign in at stands before the server.
local function judge(r, lie)
  local status = r.status
  local pretended = status == 200 and lie and lie(r)
  if pretended then
    return nil, pretended, "again", false
  elseif status >= 200 and status < 300 then
    return "done"
  elseif status >= 300 and status < 400 then
    local to = sw.sys.clean(header(r, "location") or "another place"):sub(1, 200)
    return nil, ("the server sends messages on to %s (answer %d): write the address that takes them into "
      .. "config.lua"):format(to, status), "again", false
  end
  local later = LATER[status] or status >= 500
  return nil, ("the server answered %d"):format(status), later and "again" or "bad", false,
    later and patience.told(r.headers, sw.time.wall()) or nil
end

function http_channel.post(message, lie)
  local r, why, code, sent = send(message)
  if not r then
    return nil, why, code, sent
  end
  return judge(r, lie)
end

return http_channel

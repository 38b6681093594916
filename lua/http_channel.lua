-- A message that leaves by a POST, for channels over HTTP, and what the answer means to it.
--   http_channel.post { url = ..., headers = { ... }, body = ... } --> "done" | nil, why, code, sent, wait_ms
-- The address is the administrator's own, so it may be one of this network.
local patience = require("patience")

local http_channel = {}

local TIMEOUT_MS = 15000
local LATER = { [408] = true, [425] = true, [429] = true }

-- 4xx means that the same message will never be taken, but for those that speak of time; 5xx that it may be
-- later.
local function judge(r)
  local status = r.status
  if status >= 200 and status < 300 then
    return "done"
  end
  local later = LATER[status] or status >= 500
  return nil, ("the server answered %d"):format(status), later and "again" or "bad", false,
    later and patience.told(r.headers, sw.time.wall()) or nil
end

function http_channel.post(message)
  local r, why, code, sent = sw.http.request { url = message.url, method = "POST", headers = message.headers,
    body = message.body, timeout_ms = TIMEOUT_MS, administrator = true }
  if not r then
    return nil, why, code, sent
  end
  return judge(r)
end

return http_channel

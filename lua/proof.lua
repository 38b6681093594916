-- Is a webhook from whom it says? By an HMAC over its body, with the time where the service signs that too.
--   local why = proof.refusal(declaration.webhook.verify, key, { headers = ..., body = ... }, sw.time.wall())
-- nil: it is; else the reason in a few words. Names of headers are lower case.
local proof = {}

local LATE_S = 300

-- Signature and timestamp as the headers carry them; "t=1,v1=aa" has both in one.
local function parts(spec, headers)
  local value = headers[spec.header:lower()]
  if value and spec.timestamp == "t,v1" then
    return value:match("v1=([^,]+)"), value:match("t=(%d+)")
  end
  local stamp = spec.timestamp and headers[spec.timestamp:lower()]
  if value and spec.prefix and value:sub(1, #spec.prefix) == spec.prefix then
    value = value:sub(#spec.prefix + 1)
  end
  return value, stamp
end

local function signed(spec, stamp, body)
  if spec.over == "timestamp+body" then
    return (stamp or "") .. body
  elseif spec.over == "timestamp.body" then
    return (stamp or "") .. "." .. body
  end
  return body
end

local function mac_of(spec, key, stamp, body)
  local mac = sw.crypto.hmac_sha256(key, signed(spec, stamp, body))
  return spec.encoding == "base64" and sw.crypto.base64(mac) or sw.crypto.hex(mac)
end

-- A signature that is there is checked even where it is optional.
function proof.refusal(spec, key, request, wall_ms)
  local given, stamp = parts(spec, request.headers)
  if not given then
    local sent = request.headers[spec.header:lower()] ~= nil
    return (sent or not spec.optional) and "no signature" or nil
  elseif not key then
    return "no key to check the signature with"
  end
  given = spec.encoding == "base64" and given or given:lower()
  if not sw.crypto.equal(given, mac_of(spec, key, stamp, request.body)) then
    return "wrong signature"
  end
  local seconds = tonumber(stamp)
  seconds = seconds and (seconds > 1e11 and seconds / 1000 or seconds)
  if spec.timestamp and (not seconds or math.abs(wall_ms / 1000 - seconds) > LATE_S) then
    return "too old"
  end
end

return proof

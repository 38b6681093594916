-- Addresses: building, escaping, taking apart.
--   url.join("https://a.example/v1", "/x", { day = "01" }) --> "https://a.example/v1/x?day=01"
local url = {}

function url.escape(text)
  return (tostring(text):gsub("[^%w%-._~]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

function url.unescape(text)
  return (text:gsub("%+", " "):gsub("%%(%x%x)", function(h)
    return string.char(tonumber(h, 16))
  end))
end

-- Parameters in the order of their names, so that one request is always one text.
function url.query(params)
  local names, parts = {}, {}
  for name in pairs(params or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local v = params[name]
    for _, one in ipairs(type(v) == "table" and v or { v }) do
      parts[#parts + 1] = url.escape(name) .. "=" .. url.escape(one)
    end
  end
  return table.concat(parts, "&")
end

function url.join(base, path, params)
  local text = base:gsub("/+$", "") .. path
  local query = url.query(params)
  if query == "" then
    return text
  end
  return text .. (text:find("?", 1, true) and "&" or "?") .. query
end

-- "https://host:port", lower case; nil when it is no http or https address.
function url.origin(text)
  local scheme, rest = text:match("^(%a+)://([^/?#]+)")
  scheme = scheme and scheme:lower()
  if scheme ~= "http" and scheme ~= "https" or rest:find("@", 1, true) then
    return nil
  end
  return scheme .. "://" .. rest:lower()
end

function url.host(text)
  local origin = url.origin(text)
  return origin and origin:match("^%a+://(.-):?%d*$")
end

-- Parameters of "...?a=1&b=2" or of a form body.
function url.params(text)
  local out = {}
  for pair in text:gsub("^[^?]*%?", ""):gsub("#.*$", ""):gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    out[url.unescape(name)] = url.unescape(value)
  end
  return out
end

return url

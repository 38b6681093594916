-- Takes secrets out of what came from outside, in the ways in which a service may write them back.
--   redaction.hide(body, secrets_of_the_connection, what_was_sent)   --> the text without them
-- Tables of any shape: every text in them is a secret. What is all digits stays, as in sw.crypto.redact.
local url = require("url")

local redaction = {}

local function add(to, value)
  to[#to + 1] = value
end

-- As it is; in JSON as some write it ("a\/b"); in an address; as Base64.
local function add_forms(to, value)
  add(to, value)
  for _, form in ipairs { (value:gsub("/", "\\/")), url.escape(value), sw.crypto.base64(value) } do
    if form ~= value then
      add(to, form)
    end
  end
end

local function gather(value, to)
  if type(value) == "string" then
    add_forms(to, value)
  end
  for _, v in pairs(type(value) == "table" and value or {}) do
    gather(v, to)
  end
  return to
end

function redaction.hide(text, ...)
  local list = {}
  for _, values in ipairs { ... } do
    gather(values, list)
  end
  return sw.crypto.redact(text, list)
end

return redaction

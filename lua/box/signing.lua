-- Signing in, as far as a script takes part: the login's requests, whose account it is, what is to be known
-- of it. Neither the password nor the session is ever here: the script writes sw.secret "password".
--   login = function(acct, last) return { path = "/login", json = { user = sw.secret "user", ... } } end
--   after_connect = function(acct) return { athlete = acct.get({ path = "/me" }).id } end
local answer = require "answer"
local errors = require "errors"
local mapping = require "mapping"

local signing = {}

local STEPS, SETTINGS, TEXT = 4, 20, 200

local function plain(v)
  return (type(v) == "string" or type(v) == "number") and tostring(v):sub(1, TEXT) or nil
end

-- Requests until an answer has the session; a service may send us to another place first.
function signing.login(declaration, run, out)
  local last
  for _ = 1, STEPS do
    local request = declaration.login(answer.account(run, out, declaration), last)
    if type(request) ~= "table" then
      return
    end
    last = answer.get(request, "login")
    local word, detail = answer.judge(declaration, last)
    if word ~= "ok" then
      return answer.verdict(out, word, last, detail)
    elseif last.session then
      return
    end
  end
end

-- After sign-in: who is it? out.account = { id, name }.
function signing.account(declaration, _, out)
  local spec = declaration.account
  if not spec then
    return
  end
  local root = answer.document(declaration, { path = spec.path, query = spec.query or {} }, out)
  if root then
    local id, name = mapping.at(root, spec.id), spec.name and mapping.at(root, spec.name)
    out.account = { id = plain(id), name = plain(name) }
  end
end

-- Once a connection is made: out.settings, texts and figures that are kept with it and shown.
function signing.after_connect(declaration, run, out)
  local found, n = declaration.after_connect(answer.account(run, out, declaration)), 0
  if out.verdict or found == nil then
    return
  elseif type(found) ~= "table" then
    errors.fail "after_connect returns a table of texts and figures, or nothing"
  end
  out.settings = {}
  for name, v in pairs(found) do
    n = n + 1
    if n > SETTINGS or type(name) ~= "string" or not name:find "^[%l_]+$" or #name > 40 or not plain(v) then
      errors.fail(("after_connect returns at most %d texts and figures named by small letters, not '%s'")
        :format(SETTINGS, errors.clean(tostring(name)):sub(1, 40)))
    end
    out.settings[name] = plain(v)
  end
end

return signing

-- Writing to a service: one thing per run, by the provider's `writes`. What the answers mean is said in
-- out.result: "done", or { word = "retry" | "reconnect" | "never", reason }.
--   writes = { calendar = function(entry, acct) ... end }   -- acct.put { path, headers, body } and the like
-- entry.tag is ours: where a service has a field for it, it tells us later that what we read is our own.
-- A second result is the id that the service gave it.
local answer = require "answer"
local errors = require "errors"

local writing = {}

local function request(spec)
  return answer.get(spec)
end

local function account(run)
  local acct = { secret = require("provider").secret, id = run.account,
    settings = run.settings or {}, request = request }
  for _, method in ipairs { "GET", "PUT", "POST", "PATCH", "DELETE", "HEAD" } do
    acct[method:lower()] = function(spec)
      spec.method = method
      return request(spec)
    end
  end
  return acct
end

-- What a status means to a write: what is there already is done.
local function by_status(status)
  if status >= 200 and status < 300 or status == 409 or status == 412 then
    return "done"
  elseif status == 408 or status == 425 or status == 429 or status >= 500 then
    return "retry"
  elseif status == 401 or status == 403 then
    return "reconnect"
  end
  return "never"
end

-- A write gives the answer that decided, or a word of its own.
function writing.write(declaration, run, out)
  local write = (declaration.writes or {})[run.what]
    or errors.fail(("this provider writes no %s"):format(tostring(run.what)))
  local res, id = write(run.entry, account(run))
  out.external = (type(id) == "string" or math.type(id) == "integer") and tostring(id) or nil
  if type(res) == "table" and res.status then
    out.result, out.status = by_status(res.status), res.status
  elseif res == "done" or res == "retry" or res == "never" then
    out.result = res
  else
    errors.fail "a write returns the answer that decided, or \"done\", \"retry\" or \"never\""
  end
end

return writing

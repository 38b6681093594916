-- Asking a service from a script, and what an answer means: by its status, or as `classify` says.
--   answer.document(declaration, { path = "/x" }, out) --> the parsed document, or nil: out says why
--   answer.account(run, out, declaration) --> the `acct` that hooks get
-- luacheck: read globals core
local clock = require "clock"
local errors = require "errors"

local answer = {}

function answer.ask(name, args)
  local ok, value = core.call(name, args)
  if not ok then
    errors.fail(("%s: %s"):format(name, tostring(value)))
  end
  return value
end

-- An answer: status, headers, url; json the document, nil and why when it is none.
function answer.get(request, how)
  local res = answer.ask(how or "http", request)
  local parsed, doc, why
  return setmetatable({}, { __metatable = false, __index = function(_, name)
    if name == "json" or name == "problem" then
      if not parsed then
        parsed, doc, why = true, core.json()
      end
      return name == "json" and doc or name == "problem" and doc == nil and why or nil
    elseif name == "text" then
      return core.text(65536)
    end
    return res[name]
  end })
end

-- --- what an answer means ---

local verdicts = { ok = true, empty = true, retry = true, refresh = true, reconnect = true, attention = true,
  drop = true }

local function by_status(status)
  if status >= 200 and status < 300 then
    return status == 204 and "empty" or "ok"
  elseif status == 404 then
    return "empty"
  elseif status == 401 then
    return "refresh"
  elseif status == 403 then
    return "attention"
  elseif status == 408 or status == 425 or status == 429 or status >= 500 then
    return "retry"
  end
  return "drop"
end

function answer.judge(declaration, res)
  local word, detail = by_status(res.status), nil
  if declaration.classify then
    local own, more = declaration.classify(res)
    if own ~= nil and not verdicts[own] then
      errors.fail(("classify must give ok, empty, retry, refresh, reconnect, attention or drop, not '%s'")
        :format(tostring(own)))
    end
    word, detail = own or word, own and more or nil
  end
  return word, detail
end

function answer.verdict(out, word, res, detail)
  out.verdict = { word = word, status = res.status, after = type(detail) == "number" and detail or nil,
    reason = type(detail) == "string" and detail:sub(1, 300) or nil }
end

-- The document of an answer that means data; nil when the run is over (out says why).
function answer.document(declaration, request, out)
  local res = answer.get(request)
  local word, detail = answer.judge(declaration, res)
  if word == "empty" then
    out.empty = true
    return nil
  elseif word ~= "ok" then
    answer.verdict(out, word, res, detail)
    return nil
  end
  local root = res.json
  if root == nil then
    local html = tostring((res.headers or {})["content-type"] or ""):find("html", 1, true)
    answer.verdict(out, "retry", res, html and "a web page came instead of data" or "what came is no JSON: "
      .. tostring(res.problem))
    return nil
  end
  return root
end

-- --- acct, as hooks get it ---

local doors = {}

for _, method in ipairs { "get", "post", "put", "patch", "delete" } do
  doors[method] = function(run)
    return function(request)
      request.method = method:upper()
      return answer.document(run.declaration, request, run.out)
    end
  end
end

function doors.request()
  return answer.get
end

function doors.secret()
  return require("provider").secret
end

function doors.id(run)
  return run.account
end

function doors.settings(run)
  return run.settings or {}
end

function doors.now()
  return clock.now()
end

function answer.account(run, out, declaration)
  local of = { account = run.account, settings = run.settings, out = out, declaration = declaration }
  return setmetatable({}, { __metatable = false, __index = function(_, name)
    local door = doors[name] or errors.fail(("acct has no '%s'%s"):format(tostring(name),
      errors.did_you_mean(tostring(name), doors)))
    return door(of)
  end })
end

return answer

-- Providers: what a file in providers/ declares. The shapes are closed; sw.provider checks them and the
-- pieces in them (sign-in, paging, reads) with the place of each mistake.
--   return sw.provider { id = "acme", title = "Acme Ring", hosts = { "api.acme.example" }, ... }
local errors = require "errors"
local fields = require "fields"
local mapping = require "mapping"
local quantity = require "quantity"
local schema = require "schema"

local provider = {}

local function id(v)
  return type(v) == "string" and v:find "^%l[%l%d%-]*$" ~= nil and #v <= 40, 'a name such as "acme-ring"'
end

local function host(v)
  return type(v) == "string" and v:find "^[%l%d][%l%d.%-]*$" ~= nil, 'a host such as "api.acme.example"'
end

local function hosts(v)
  for _, one in ipairs(type(v) == "table" and v or { false }) do
    if not host(one) then
      return false, 'a list of hosts such as { "api.acme.example" }'
    end
  end
  return type(v) == "table", 'a list of hosts'
end

local function base(v)
  local good = type(v) == "string" and v:find "^https?://[%w.%-:]+[%w/._%-]*$" ~= nil
  return good, 'an address such as "https://api.acme.example/v1"'
end

local shape = {
  id = { id, required = true, doc = "its name, that of the file" },
  title = { "text", required = true, doc = "as people know it" },
  doc = { "text", doc = "how one gets access, in a sentence or two" },
  hosts = { hosts, doc = "the only hosts it may talk to" },
  base = { base, doc = "where its paths begin" },
  self_hosted = { "boolean", doc = "the address is given at connect, by --base-url" },
  auth = { "map", doc = "sw.oauth2, sw.basic, sw.key or sw.sealed" },
  session = { "map", doc = "{ token = \"path\" }: what a login brings, each request carries" },
  login = { "function", doc = "function(acct, last): the request that brings a session" },
  after_connect = { "function", doc = "function(acct): runs once, gives what is kept of the account" },
  secrets = { "map", doc = "what a user is asked for: name = \"where it is found\"" },
  headers = { "map", doc = "sent with each request" },
  account = { "map", doc = "{ path, id, name }: asked once after sign-in" },
  limits = { "any", doc = "{ { 200, per = \"15min\" }, headers = \"retry-after\" }" },
  poll = { "duration", doc = "how often to ask, default 15min" },
  policy = { "map", doc = "what its terms allow: share, aggregate, llm" },
  reads = { "map", doc = "resources" },
  metrics = { "texts", doc = "all it brings: metrics and kinds of records; what maps say comes by itself" },
  classify = { "function", doc = "what an answer means, where the status does not say it" },
  webhook = { "map", doc = "{ verify = sw.hmac {...}, parse = function(req) ... end }" },
  posts = { "function", doc = "a posted document to records: function(doc, out)" },
  writes = { "map", doc = "present if it can be a destination: what = function(entry, acct), answer and id" },
}

local read_shape = {
  path = { "text", doc = "below base; {from_day}, {to_day} and the like are filled in" },
  query = { "map", doc = "parameters, with the same words in braces" },
  window = { "duration", doc = "the longest span of one request, default 30d" },
  bounds = { { "inclusive day", "exclusive day", "instant" }, doc = "how the end of a span is meant" },
  lookback = { "duration", doc = "the span asked for again each time, default 3d" },
  page = { "map", doc = "sw.pages, sw.token or sw.offset" },
  items = { "text", doc = "path of the list in the answer; absent: the answer is the list" },
  kind = { fields.record_kinds },
  map = { "map", doc = "fields of a record; derived_from says what it was made from: \"strava:42\"" },
  skip = { "function", doc = "function(item): true leaves it out" },
  series = { "any", doc = "one metric, or a list of them, from a list of samples" },
  days = { "map", doc = "{ day = \"date\", values = { metric = mapper } }: one item a local day" },
  origin = { "any", doc = "who measured: { name, maker, model, kind } of paths or texts" },
  complete = { "boolean", doc = "the listing is whole: what is missing from it twice was deleted" },
  detail = { "map", doc = "{ path, query, streams }: asked for each record that is new or changed" },
  request = { "function", doc = "function(window, page, acct): { path, query, headers, method, json }" },
  parse = { "function", doc = "function(doc, out): what no map can say; instead of map, series, days" },
  fetch = { "function", doc = "function(acct, window, out): everything by hand" },
}

local series_shape = {
  metric = { "text", doc = "default: the name of the read" }, time = { "any", required = true },
  finish = { "any" }, seconds = { "text" }, offset = { "text" },
  value = { "any", required = true, doc = "a path; or function(item): a number, or nil for none" },
  unit = { "text" }, where = { "any" }, is = { "text" }, items = { "text" }, origin = { "any" },
  min = { "number" }, max = { "number" }, length = { "number" },
}

local detail_shape = {
  path = { "text", required = true, doc = "{id} is the record's own" }, query = { "map" },
  streams = { "map", required = true, doc = "time = seconds from the start, metric = values: paths" },
  by = { "text", doc = "the answer is a list: the field that names a stream" },
  data = { "text", doc = "and the field that holds it" },
  pairs = { "map", doc = "metric = { path, element }: of values that are lists" },
}

local auths = {
  oauth2 = { authorize = { "text", required = true, doc = "the page on which people agree" },
    token = { "text", required = true, doc = "where tokens are asked for" },
    scopes = { "texts", doc = "what is asked for" },
    separator = { "text", doc = "between scopes, default a blank" },
    pkce = { "boolean", doc = "a proof with each sign-in" },
    client = { { "body", "basic" }, doc = "where our id and secret stand in requests for tokens" },
    refresh = { { "rotating", "stable", "none" }, doc = "whether each renewal brings a new refresh token" },
    extra = { "map", doc = "more parameters of the page" },
    answer = { "text", doc = "path of the tokens in the answer" },
    revoke = { "text", doc = "where a permission is given back" },
    scope_on_refresh = { "boolean", doc = "scopes are sent with each renewal" },
    redirect = { "text", doc = "the address people come back to, where it is fixed" },
    token_form = { "map", doc = "sent with each request for a token" },
    refused = { "map", doc = "fields of an answer 200 that is a refusal: { status = { 503 } }" },
    account = { "text", doc = "path of the account's id in the token's answer" } },
  basic = { user = { "text", required = true, doc = 'itself, or sw.secret "user"' },
    password = { "text", required = true, doc = "name of the secret that holds it" } },
  key = { header = { "text", doc = "the header that carries it" },
    query = { "text", doc = "the parameter that carries it, instead of a header" },
    prefix = { "text", doc = 'stands before it: "Bearer "' },
    secret = { "text", required = true, doc = "name of the secret that holds it" } },
  sealed = { header = { "text", required = true, doc = "the header that carries it" },
    value = { "text", required = true, doc = 'sw.sha1(sw.secret "x")' } },
}

local session_shape = {
  token = { "text", required = true, doc = "path of the session in the login's answer; \"\" is all of it" },
  none = { "text", doc = "a token that means: no session" },
  expires = { "text", doc = "path of the instant at which it ends" },
  lasts = { "text", doc = "path of the seconds that it lives" },
  age = { "duration", doc = "it is renewed when it is this old, whatever the answer says" },
  header = { "text", doc = "which header carries it; default Authorization, as Bearer" },
  prefix = { "text", doc = "stands before it in the header" },
  query = { "text", doc = "the parameter that carries it, instead of a header" },
  keep = { "map", doc = "more of the answer, for sw.secret: { user_id = \"data.user.id\" }" },
}

local pagings = {
  pages = { param = { "text", doc = 'default "page"' }, size = { "integer", doc = "items a page" },
    size_param = { "text", doc = 'default "per_page"' }, first = { "integer", doc = "default 1" },
    stop = { { "empty", "short" }, doc = "at a page without items, or at one that is not full" } },
  token = { field = { "text", required = true, doc = "path of the token in the answer" },
    param = { "text", required = true, doc = "the parameter that carries it" } },
  offset = { param = { "text", doc = 'default "offset"' },
    size = { "integer", required = true, doc = "items a page" },
    size_param = { "text", doc = 'default "limit"' } },
}

local proofs = { header = { "text", required = true, doc = "the header with the proof" },
  secret = { "text", doc = "name of the secret it is made with" },
  prefix = { "text", doc = 'stands before it, such as "sha256="' },
  over = { { "body", "timestamp+body", "timestamp.body" }, doc = "what it is made of, default body" },
  encoding = { { "hex", "base64" }, doc = "how it is written, default hex" },
  timestamp = { "text", doc = "its header; 't,v1' when both stand in one" },
  optional = { "boolean", doc = "a request without it is taken too" } }

local webhook_shape = {
  challenge = { "map", doc = "{ param, answer, token }: a GET that is echoed" },
  verify = { "map", doc = "sw.hmac { header, over = \"body\" }" },
  parse = { "function", doc = "function(req): { account, id, from = ms, revoked }; a hint, never data" },
}

provider.shapes = { provider = shape, read = read_shape, series = series_shape, detail = detail_shape,
  auths = auths, pagings = pagings, hmac = proofs, webhook = webhook_shape,
  session = session_shape } -- for reference.lua

local structural = { id = true, start = true, finish = true, offset = true, offset_finish = true, type = true,
  segments = true, tag = true, derived_from = true }

local function check_map(kind, map, where)
  local known = fields.of(kind)
  for name, m in pairs(map) do
    if not structural[name] and not known[name] then
      schema.problem(("unknown field '%s' of a %s in %s%s"):format(tostring(name), kind, where,
        errors.did_you_mean(tostring(name), known)), name)
    elseif not mapping.is(m) then
      schema.problem(("'%s' in %s is neither a path nor a mapper such as sw.iso \"start\""):format(name,
        where), name)
    end
  end
  if not map.start or not map.id then
    schema.problem(("%s needs 'id' and 'start': what a record is known by, and when it was"):format(where))
  end
end

local function check_days(days, where)
  schema.check(where, days, { day = { "text", required = true }, values = { "map", required = true } })
  for name, m in pairs(days.values) do
    if not mapping.is(m) then
      schema.problem(("'%s' in %s is neither a path nor a mapper"):format(tostring(name), where), name)
    end
  end
end

local function check_series(series, where)
  if type(series) ~= "table" then
    errors.fail(where .. " is a table, or a list of tables")
  end
  for _, one in ipairs(#series > 0 and series or { series }) do
    schema.check(where, one, series_shape)
    if type(one.time) ~= "string" and not mapping.is(one.time) then
      schema.problem(where .. ": 'time' is a path or sw.iso, sw.unix, sw.unix_ms, sw.wall of one")
    end
    if type(one.value) ~= "string" and type(one.value) ~= "function" then
      schema.problem(where .. ": 'value' is a path, or a function of the item")
    end
  end
end

local function check_read(name, read)
  local where = "reads." .. name
  if type(read) ~= "table" then
    return schema.problem(where .. " is a table: { path = ..., map = ... }", name)
  end
  schema.check(where, read, read_shape)
  if read.map then
    check_map(read.kind or errors.fail(where .. " with a map needs a kind, such as workout"), read.map,
      where)
  end
  if read.detail then
    schema.check(where .. ".detail", read.detail, detail_shape)
  end
  if read.days then
    check_days(read.days, where .. ".days")
  end
  if read.series then
    check_series(read.series, where .. ".series")
  end
  local asks = read.path or read.request
  if not read.fetch and not (asks and (read.map or read.series or read.days or read.parse)) then
    schema.problem(where .. " needs a path (or request) and one of map, series, days and parse; or fetch")
  end
  for _, key in ipairs { "window", "lookback" } do
    read[key .. "_s"] = read[key] and quantity.number(read[key], "duration")
  end
end

local function plain(spec, kind)
  local made = { kind = kind }
  for k, v in pairs(spec) do
    made[k] = v
  end
  return made
end

local limit_shape = { [1] = { "integer", required = true }, per = { "duration", required = true },
  bucket = { { "app", "account" } }, of = { "text" }, aligned = { "boolean" }, usage = { "text" },
  part = { "integer" } }

-- { 200, per = "15min", bucket = "app" } -> { most = 200, per_s = 900, bucket = "app" }
local function limits_of(limits)
  local list = {}
  for i, limit in ipairs(limits or {}) do
    schema.check("limits", limit, limit_shape)
    local made = { most = limit[1], per_s = quantity.number(limit.per, "duration") }
    for _, key in ipairs { "bucket", "of", "aligned", "usage", "part" } do
      made[key] = limit[key]
    end
    list[i] = made
  end
  return list
end

local function check_session(spec)
  local session = spec.session
  if session then
    schema.check("session", session, session_shape)
    session.age_s = session.age and quantity.number(session.age, "duration")
  end
  if session and not spec.login then
    schema.problem("a session needs login = function(acct) ... end: the request that brings it")
  elseif spec.login and not session then
    schema.problem('a login needs session = { token = "path.in.answer" }, so that the engine finds it')
  elseif session and spec.auth then
    schema.problem("a provider has auth or a session, not both: a login's request names its secrets")
  end
  if session and (spec.secrets or {}).session then
    schema.problem("a secret cannot be called session: sw.secret \"session\" is what the login brings",
      "session")
  end
  for name in pairs(session and session.keep or {}) do
    if name == "session" or (spec.secrets or {})[name] or not tostring(name):find "^[%l_]+$" then
      schema.problem(("keep in session: '%s' is taken, or no name of small letters")
        :format(tostring(name)), name)
    end
  end
end

local function make(spec)
  schema.check("provider", spec, shape)
  if type(spec) == "table" then
    check_session(spec)
  end
  for name, read in pairs(spec.reads or {}) do
    check_read(tostring(name), read)
  end
  if spec.webhook then
    schema.check("webhook", spec.webhook, webhook_shape)
  end
  if not spec.self_hosted and not spec.base and not spec.posts then
    schema.problem("a provider needs base, the address its paths begin at (or self_hosted = true)")
  end
  local made = plain(spec, "provider")
  made.limits = limits_of(spec.limits)
  made.poll_s = spec.poll and quantity.number(spec.poll, "duration")
  return made
end

-- A secret of the connection, as a placeholder that the engine fills in; sw.sha1 and the like work on it.
local function placeholder(kind, content)
  return "\1" .. kind .. ":" .. content .. "\2"
end

function provider.secret(name)
  if type(name) ~= "string" or not name:find "^[%l_]+$" then
    errors.fail "a secret is named by small letters: sw.secret \"api_key\""
  end
  return placeholder("secret", name)
end

function provider.open(to)
  to.provider = make
  to.secret = provider.secret
  for _, name in ipairs { "sha1", "sha256", "base64" } do
    to[name] = function(text)
      return placeholder(name, tostring(text))
    end
  end
  for kind, auth_shape in pairs(auths) do
    to[kind] = function(spec)
      return plain(schema.check("sw." .. kind, spec, auth_shape), kind)
    end
  end
  for kind, page_shape in pairs(pagings) do
    to[kind] = function(spec)
      return plain(schema.check("sw." .. kind, spec or {}, page_shape), kind)
    end
  end
  function to.hmac(spec)
    return plain(schema.check("sw.hmac", spec, proofs), "hmac")
  end
  mapping.open(to)
end

return provider

-- What scripts may write, told as data from the same shapes that check them: for `doc`, the reference page,
-- LuaLS types and completion. Nothing here is used while scripts run.
--   reference.all() --> { constructors = { rule = { doc, keys = { { key, type, doc } } } }, actions, ... }
local context = require "context"
local fields = require "fields"
local provider = require "provider"
local shapes = require "shapes"

local reference = {}

-- One line for each thing of `require "syncwell"`; those without a shape say how they are written.
local says = {
  rule = "a rule: what it waits for, what it decides, what it does", package = "names a folder of scripts",
  provider = "a service: where it is, what it brings, how that reads",
  event = "trigger: something was stored, or happened to a connection", any = "trigger: any of these",
  cron = "trigger: minute hour day month weekday, in the user's zone",
  at = "trigger: a time of day, on some days", every = "trigger: again and again",
  threshold = "trigger: a metric passes a bound", baseline = "trigger: a metric leaves its usual range",
  absent = "trigger: a metric has not come for a while", streak = "trigger: so many days in a row",
  milestone = "trigger: a total is reached", goal = "trigger: a goal of the user is reached",
  webhook = "trigger: a signed message to an address of ours",
  duration = "parameter: a span of time", number = "parameter: a number", text = "parameter: a text",
  choice = "parameter: one of some words", bool = "parameter: true or false",
  oauth2 = "sign-in: OAuth 2", basic = "sign-in: user and password",
    key = "sign-in: a key in a header or parameter",
  sealed = "sign-in: a header made of secrets", pages = "paging: by page number",
    token = "paging: by a token",
  offset = "paging: by offset", hmac = "proof of a webhook",
}

local written = {
  now = { "sw.now()", "the firing's instant" },
  time = { 'sw.time "2026-03-01T07:00"', "a time of ISO 8601 text or milliseconds" },
  quantity = { 'sw.quantity "60min"', "a number and its unit" },
  secret = { 'sw.secret "api_key"', "a secret of the connection, filled in by the engine" },
  sha1 = { "sw.sha1(text)", "SHA-1 in hex, worked out by the engine; takes secrets" },
  sha256 = { "sw.sha256(text)", "SHA-256 in hex, worked out by the engine; takes secrets" },
  base64 = { "sw.base64(text)", "Base64, worked out by the engine; takes secrets" },
  sport_name = { "sw.sport_name(word)", "our sport and sub-sport for a service's word" },
  moment = { 'sw.moment "2026-08-17 08:00:00 +0200"',
    "milliseconds and minutes east of a text; without a zone by the user's clock" },
  objects = { "sw.objects(list)", "the objects among a list of a document; what is no list has none" },
  word = { "sw.word(v)", "a text of at most 200 bytes; \"\" for what is none" },
  figure = { "sw.figure(v)", "a number, nil for what is none" },
  iso = { 'sw.iso "start"', "mapper: an ISO 8601 time" }, wall = { 'sw.wall "start"',
    "mapper: a wall-clock time of the user's zone" },
  unix = { 'sw.unix "ts"', "mapper: seconds since 1970" }, unix_ms = { 'sw.unix_ms "ts"',
    "mapper: milliseconds since 1970" },
  sport = { 'sw.sport "type"', "mapper: our word for a sport" },
  sub_sport = { 'sw.sub_sport "type"', "mapper: our word for a kind of the sport" },
  value = { 'sw.value { "glucose", unit = "mmol/L" }', "mapper: a number in a unit; the engine converts" },
  offset_between = { 'sw.offset_between("local", "utc")',
    "mapper: minutes east, from two texts of one instant" },
  first = { 'sw.first { "a", "b" }', "mapper: the first of these that is there" },
  lookup = { 'sw.lookup { "stage", { ["1"] = "light" }, default = "awake" }', "mapper: a word for a word" },
  const = { 'sw.const "manual"', "mapper: always this" },
  km = { 'sw.km "distance"', "mapper: kilometres to metres" },
  miles = { 'sw.miles "distance"', "mapper: miles to metres" },
  feet = { 'sw.feet "climb"', "mapper: feet to metres" }, metres = { 'sw.metres "d"', "mapper: metres" },
  minutes = { 'sw.minutes "t"', "mapper: minutes to seconds" }, hours = { 'sw.hours "t"',
    "mapper: hours to seconds" },
  milliseconds = { 'sw.milliseconds "t"', "mapper: milliseconds to seconds" },
  seconds = { 'sw.seconds "t"', "mapper: seconds" }, kmh = { 'sw.kmh "v"', "mapper: km/h to m/s" },
  kj = { 'sw.kj "e"', "mapper: kilojoules to kilocalories" },
  joules = { 'sw.joules "e"', "mapper: joules to kilocalories" },
  calories = { 'sw.calories "e"', "mapper: small calories to kilocalories" },
  kcal = { 'sw.kcal "e"', "mapper: kilocalories" }, percent = { 'sw.percent "p"', "mapper: per cent" },
  fraction = { 'sw.fraction "p"', "mapper: 0 to 1 to per cent" },
  seconds_east = { 'sw.seconds_east "tz"', "mapper: seconds east of UTC to minutes" },
  both_legs = { 'sw.both_legs "cadence"', "mapper: steps of one leg to steps" },
  per_min = { 'sw.per_min "hr"', "mapper: a rate a minute" }, watts = { 'sw.watts "p"', "mapper: watts" },
  grams = { 'sw.grams "m"', "mapper: grams" },
}

-- Functions of a declaration: what they are given, as LuaLS writes it.
local signatures = {
  ["rule.when"] = "fun(w: sw.Event, ctx: sw.Pure): any",
    ["rule.key"] = "fun(w: sw.Event, ctx: sw.Pure): string",
  ["rule.run"] = "fun(w: sw.Event, ctx: sw.Ctx)", ["rule.on_retract"] = "fun(w: sw.Event, ctx: sw.Ctx)",
  ["read.skip"] = "fun(item: table): boolean",
  ["read.request"] = "fun(window: sw.Window, page: any, acct: table): table",
  ["read.parse"] = "fun(doc: table, out: sw.Out)",
  ["read.fetch"] = "fun(acct: sw.Account, window: sw.Window, out: sw.Out)",
  ["provider.classify"] = "fun(res: table): string", ["provider.posts"] = "fun(doc: table, out: sw.Out)",
  ["provider.login"] = "fun(acct: sw.Account, last: table): table",
  ["provider.after_connect"] = "fun(acct: sw.Account): table",
}

local actions_say = {
  ["calendar.add"] = "write a calendar entry", ["calendar.update"] = "change an entry of yours",
  ["calendar.remove"] = "take an entry of yours away", notify = "send the user a message",
  ["http.request"] = "ask a declared host; gives its answer, or nil, why and a code",
  ["record.add"] = "add a record or a value",
  ["record.tag"] = "tag a record, by default the one that fired", ["sync.start"] = "sync a connection now",
  ["rule.fire"] = "fire another rule", ["task.add"] = "write a task",
    ["mqtt.publish"] = "publish an MQTT message",
}

local reads_say = {
  last = "the last span, such as \"30d\"",
  from = "the first instant", to = "the last instant",
  every = "the grain; weeks begin on Monday, raw is every origin's samples as they came",
  maker = "only what this maker measured", limit = "the newest so many; of raw samples a page",
  sport = "only this sport", where = "attributes that must match, such as { sub_sport = \"trail\" }",
  cursor = "of raw samples: `cursor` of the page before",
}

-- Keys that mean the same wherever they stand.
local keys_say = {
  title = "one line", at = "when", duration = "how long, default 1 h",
    if_past = "what to do when that has passed",
  notes = "a longer text", location = "where", uid = "its own name, to change it later",
    text = "what it says",
  calendar = "which of your calendars", alarm = "how long before to remind",
    channel = "which way: file, ntfy ...",
  buttons = "up to three { text, and one of fire, task, tag, snooze, url }", priority = "how loud",
    on_unknown = "when nobody knows whether it arrived",
  url = "the address", method = "GET, POST ...", headers = "names and values", body = "what is sent",
  json = "sent as JSON", kind = "kind of record", start = "from when", finish = "until when",
  attributes = "fields of the record", value = "the number", metric = "which metric", id = "of which record",
  tag = "the word", connection = "which connection", rule = "which rule", event = "what it is shown",
  group = "several of a group go out as one", within = "how long a group gathers, default 10min",
  once_per = "the same words not again within this span",
  values = "what stands for {name} in text and title: { name = w.distance }",
  due = "until when", topic = "MQTT topic", payload = "text, or a table sent as JSON", qos = "0, 1 or 2",
  retain = "kept by the broker", provider = "only from this service", maker = "only measured by this maker",
  sport = "only this sport", type = "only of this type", origin = "who measured",
    zone = "another time zone",
  enter = "fires when it is passed", leave = "and again only after this was passed", lasting = "for so long",
  above = "such as \"mean28d+2sd\", \"median30d+5\" (in its unit), \"mean14d+10%\"",
    below = "such as \"mean28d-2sd\"",
    records = "kind of record that counts",
  per = "day, week or month", at_least = "so many of them", lengths = "which lengths fire: { 7, 30 }",
  totals = "which totals fire", reached = "true: reached, false: missed", signed = "default true",
  default = "when nothing is set", doc = "what it is for", min = "at least", max = "at most",
    unit = "its unit",
  of = "the words",
}

local function type_of(rule)
  local kind = rule[1]
  if type(kind) == "table" then
    local words = {}
    for i, word in ipairs(kind) do
      words[i] = tostring(word)
    end
    return "choice", words
  elseif type(kind) == "function" then
    local _, wanted = kind({})
    return "custom", wanted
  end
  return kind or "any"
end

local function keys_of(shape, what, docs)
  local list = {}
  for key, rule in pairs(shape) do
    local kind, more = type_of(rule)
    list[#list + 1] = { key = tostring(key), position = type(key) == "number" or nil, name = rule.name,
      type = kind, words = type(more) == "table" and more or nil,
      wanted = type(more) == "string" and more or nil, required = rule.required,
      doc = rule.doc or docs and docs[key] or keys_say[rule.name or key],
      signature = signatures[what .. "." .. tostring(key)] }
  end
  table.sort(list, function(a, b)
    if (a.position or a.required or false) ~= (b.position or b.required or false) then
      return a.position or a.required
    end
    return a.key < b.key
  end)
  return list
end

local function add_shapes(to, group, set)
  for name, shape in pairs(set) do
    to[name] = { group = group, doc = says[name], keys = keys_of(shape, name) }
  end
end

local function constructors()
  local to = {}
  add_shapes(to, "declarations", { rule = shapes.rule, package = shapes.package,
    provider = provider.shapes.provider })
  add_shapes(to, "triggers", shapes.triggers)
  add_shapes(to, "parameters", shapes.params)
  add_shapes(to, "sign-in", provider.shapes.auths)
  add_shapes(to, "paging", provider.shapes.pagings)
  add_shapes(to, "webhooks", { hmac = provider.shapes.hmac })
  to.any = { group = "triggers", doc = says.any,
    use = 'sw.any { sw.cron "0 7 * * *", sw.event "sleep.created" }' }
  for name, words in pairs(written) do
    local group = words[2]:find "^mapper" and "mappers" or "values"
    to[name] = to[name] or { group = group, use = words[1], doc = words[2]:gsub("^mapper: ", "") }
  end
  return to
end

local function actions()
  local to = {}
  for name, row in pairs(context.actions) do
    to[name] = { grant = context.grant(row[1]), doc = actions_say[name],
      short = row[3], keys = keys_of(row[2], name) }
  end
  return to
end

local function vocabulary()
  local to = {}
  for _, kind in ipairs(fields.record_kinds) do
    to[kind] = {}
    for name, unit in pairs(fields.of(kind)) do
      local bare, suffix = fields.split(name)
      to[kind][name] = { unit = unit, quantity = bare, dimension = suffix and fields.dimension[suffix],
        common = fields.common[name] ~= nil }
    end
  end
  return to
end

function reference.all()
  local parts = {}
  for _, name in ipairs { "read", "series", "detail", "session", "webhook" } do
    parts[name] = keys_of(provider.shapes[name], name)
  end
  return { constructors = constructors(), actions = actions(), fields = vocabulary(), grants = shapes.grants,
    reads = { series = keys_of(context.reads.series, "reads", reads_say),
      records = keys_of(context.reads.records, "reads", reads_say),
      count = keys_of(context.reads.count, "reads", reads_say) }, parts = parts }
end

return reference

-- syncwell repl: ask your data in Lua. Lines run in a confined worker, reading only.
--   syncwell repl   |   syncwell repl -e 'series("steps", { last = "30d" }).mean()'   |   ... | syncwell repl
local data = require("data")
local home = require("home")
local repl_words = require("repl_words")
local rules = require("rules")
local schema = require("schema")
local show = require("repl_show")
local term = require("term")
local when = require("when")
local zones = require("zones")

local json = sw.json

local command = {
  group = "rules", summary = "ask your data in Lua", usage = "[-e CODE]",
  example = "syncwell repl -e 'series(\"steps\", { last = \"30d\" }).mean()'\nsyncwell repl",
  doc = "An expression shows its value, a statement runs. series(metric, { last = \"30d\" }) and\n"
    .. "records(kind, { last = \"7d\" }) read your data; nothing can be changed here. `.help` lists "
    .. "the rest.",
  options = { e = { doc = "run the next word as a line and end", value = "CODE" } },
}

local GLOBALS = { "series", "records", "count", "goal", "print", "pairs", "ipairs", "tostring", "tonumber",
  "string", "table", "math", "os", "sw", "ctx" }
local LINE_MS = 5000
local DROPPED = "\3" -- a line that Ctrl-C ended

local help = [[
Lua 5.4 in a confined worker; names live on from line to line, _ is the last value.
  series("steps", { last = "30d" })      values with mean() sum() min() max() last() percentile(90)
  records("workout", { last = "7d" })    a list of events: records("workout")[1].distance
  count("workout")                       how many there are, of all time where no span is given
  .plot METRIC WHEN a chart: .plot steps last 30d  .plot EXPR        the same of numbers or a series
  .table EXPR       a list as a table
  .rules            rules and their state          .why NAME         why the newest events did or did not fire
  .fire --dry NAME  what a rule would do now       .backtest NAME    when a rule would have fired
  .trace            what fired                     .reload           read changed rules now
  .doc NAME         what scripts may write         .types            types for an editor
  .set now=TIME     data time stands still there   .json on|off      values as JSON
  .help             this                           .quit             end (also Ctrl-D)
Tab completes names, metrics, rules and connections.]]

local function print_values(state, out)
  for _, line in ipairs(out.log or {}) do
    term.line("%s", sw.sys.clean(type(line) == "table" and line.text or tostring(line)))
  end
  for _, v in ipairs(out.values or {}) do
    if state.json then
      term.line("%s", json.encode(v.value == nil and json.null or v.value))
    else
      show.value(v)
    end
  end
end

-- Ctrl-C ends the line that runs, not the REPL; asked again until it has ended, since a line that waits for
-- data cannot be stopped just then. With no line running (`.backtest`) it ends the REPL.
local function mind_signals(ctx, state)
  sw.sys.on_signal(function(name)
    local line = state.running
    if name ~= "INT" or not line then
      sw.sys.exit_now(name == "INT" and 130 or 143)
    end
    while state.running == line do
      sw.box.interrupt(ctx.name, "repl")
      sw.sys.sleep(20)
    end
  end)
end

local function evaluate(ctx, state, source)
  local at = sw.time.now()
  local runs = { { cpu_ms = LINE_MS, spec = { op = "expr", script = "repl", source = source, at = at,
    user = ctx.name,
    offset_min = home.offset(ctx, at), zone = zones.around(ctx.zone, at) } } }
  state.running = {}
  local results, message = rules.run_in_box(ctx, "repl", runs, { at })
  state.running = nil
  if not results then
    return nil, message
  end
  local r = results[1]
  if r.ok then
    return r.out
  end
  return nil, r.error and (r.error.text or r.error.message) or "stopped", r.out and r.out.incomplete
end

local dot = {}

function dot.help()
  term.line("%s", help)
end

local function through(name)
  return function(ctx, words)
    local line = { name, table.unpack(words) }
    local code, message = require("cli.rules").run(ctx, line, {})
    if code == nil then
      term.error(message)
    end
  end
end

dot.rules, dot.why, dot.backtest, dot.trace, dot.reload = through("list"), through("why"),
  through("backtest"), through("trace"), through("reload")

-- Only dry: the REPL changes nothing.
function dot.fire(ctx, words)
  local rest = {}
  for _, word in ipairs(words) do
    rest[#rest + 1] = word ~= "--dry" and word or nil
  end
  through("fire")(ctx, rest)
end

local function command_of(name, options)
  return function(ctx, words)
    local code, message = require("cli." .. name).run(ctx, words, options)
    if code == nil then
      term.error(message)
    end
  end
end

dot.doc = command_of("doc", {})

function dot.types(ctx, words)
  command_of("types", { write = true })(ctx, #words > 0 and words or { ctx.home })
end

-- The value of the rest of the line, drawn.
local function drawn(how)
  return function(ctx, _, state, rest)
    local out, message = evaluate(ctx, state, rest)
    local v = out and (out.values or {})[1]
    local ok, why
    if v then
      ok, why = show[how](v)
    end
    if not ok then
      term.error(why or message or ("." .. how .. " needs an expression"))
    end
  end
end

dot.table = drawn("table")

-- "steps last 30d" is drawn as `syncwell show` does, unless the line so far called something else that.
function dot.plot(ctx, words, state, rest)
  local metric = data.metrics()[data.aliases[words[1] or ""] or words[1]]
  local out = metric and #words == 1 and evaluate(ctx, state, rest)
  if metric and not (out and ((out.values or {})[1] or {}).value) then
    return command_of("show", {})(ctx, words)
  end
  drawn("plot")(ctx, words, state, rest)
end

function dot.set(ctx, _, _, rest)
  local text = rest:match("^now%s*=%s*(.-)%s*$")
  if text == "" then
    sw.time.set()
    term.line("data time runs")
    return
  end
  local ms = text and when.instant(ctx, text)
  if not ms then
    term.error(text and ("'%s' is no time: .set now=2026-03-01T08:00, .set now=yesterday 16:00, or .set now= "
      .. "and it runs again"):format(sw.sys.clean(text)) or ".set knows now=TIME")
    return
  end
  sw.time.set(ms)
  term.line("data time stands at %s", sw.time.iso(ms, home.offset(ctx, ms)))
end

function dot.json(_, words, state)
  if #words > 1 or words[1] and words[1] ~= "on" and words[1] ~= "off" then
    term.error("it is .json on or .json off; what is said next is shown that way")
    return
  end
  state.json = words[1] ~= "off"
end

function dot.quit(_, _, state)
  state.done = true
end

local function dot_command(ctx, state, line)
  local words = {}
  for word in line:sub(2):gmatch("%S+") do
    words[#words + 1] = word
  end
  local name = table.remove(words, 1) or ""
  if not dot[name] then
    term.error(("there is no .%s%s; .help lists them"):format(name,
      schema.did_you_mean(name, schema.keys(dot))))
    return
  end
  dot[name](ctx, words, state, line:match("^%.%l+%s*(.*)$"))
end

-- One line; what is incomplete waits in state.pending for more. False when it failed.
local function take(ctx, state, line)
  if not state.pending and line:find("^%.%a") then
    dot_command(ctx, state, line)
    return true
  end
  local source = state.pending and state.pending .. "\n" .. line or line
  state.pending = nil
  if not source:find("%S") then
    return true
  end
  local out, message, incomplete = evaluate(ctx, state, source)
  if incomplete then
    state.pending = source
    return true
  elseif not out then
    local name = message:match("%(global '([%w_]+)'%)")
    term.error(message .. (name and schema.did_you_mean(name, GLOBALS) or ""))
    return false
  end
  print_values(state, out)
  return true
end

function command.run(ctx, _, options)
  local state, failed = { json = ctx.json }, false
  if options.e then
    local fine = take(ctx, state, options.e)
    if state.pending then
      return nil, "the line is not complete"
    end
    return fine and 0 or 1
  end
  local talking = sw.sys.tty(0) and sw.sys.tty(1)
  if talking then
    repl_words.of(ctx, {}) -- starts a worker, so that its confinement is known
    mind_signals(ctx, state)
    term.line("SyncWell, %s. .help says what there is, Ctrl-C stops a line, Ctrl-D ends.",
      sw.box.confinement())
  end
  while not state.done do
    local words = talking and repl_words.of(ctx, schema.keys(dot)) or nil
    local line = sw.sys.read_line(state.pending and "..> " or "> ", words)
    if not line then
      break
    end
    if line == DROPPED then
      state.pending = nil
    else
      failed = not take(ctx, state, line) or failed
    end
  end
  if state.pending then
    term.error("the last line is not complete")
    failed = true
  end
  return not talking and failed and 1 or 0
end

return command

-- syncwell test: run the tests of your scripts, on a home made for them, with a clock that stands still.
--   syncwell test   |   syncwell test tests/hydrate_test.lua   |   syncwell test --json
local home = require("home")
local term = require("term")
local testing = require("testing")

local json = sw.json

local command = {
  group = "rules", summary = "run the tests of your scripts", usage = "[PATH...] [--zone ZONE]",
  needs_home = false,
  example = "syncwell test\nsyncwell test tests/hydrate_test.lua",
  doc = "Without a path it runs HOME/tests. Nothing of your data is read or changed, nothing leaves the\n"
    .. "machine: services answer from what was recorded.",
  options = { zone = { value = "ZONE", doc = "the zone of the person in the tests (default UTC)" } },
}

local function add_folder(list, dir)
  for _, name in ipairs(sw.fs.list(dir) or {}) do
    local path = dir .. "/" .. name
    local st = sw.fs.stat(path)
    if st and st.kind == "dir" then
      add_folder(list, path)
    elseif name:find("_test%.lua$") then
      list[#list + 1] = path
    end
  end
end

local function files_of(options, words)
  local list = {}
  if #words == 0 then
    add_folder(list, home.dir(options) .. "/tests")
    return list
  end
  for _, word in ipairs(words) do
    local st, message, code = sw.fs.stat(word)
    if not st then
      return nil, message, code
    elseif st.kind == "dir" then
      add_folder(list, word)
    else
      list[#list + 1] = word
    end
  end
  return list
end

local function prepared(options)
  local dir = sw.fs.temp_dir()
  local ctx, message, code = home.open({ home = dir, zone = options.zone or "UTC", json = options.json,
    scratch = true }, true)
  if not ctx then
    return nil, message, code
  end
  ctx.config = {}
  return ctx
end

local function run_file(ctx, options, path)
  local source, message = sw.fs.read(path, 65537)
  if not source or #source > 65536 then
    return nil, source and path .. ": the file is over 64 KB" or message
  end
  local bench = testing.new(ctx, { home = home.dir(options), folder = path:match("^(.*)/[^/]*$") or "." })
  return bench:run(path:match("([^/]+)$"), source)
end

local function say(path, list)
  for _, one in ipairs(list) do
    local word = one.skipped and term.paint("yellow", "skip") or one.ok and term.paint("green", "ok  ")
      or term.paint("red", "FAIL")
    term.line("%s %s%s", word, sw.sys.clean(one.name), one.skipped and " (" .. one.skipped .. ")" or "")
    if one.error then
      term.line("     %s", sw.sys.clean((one.error.text or one.error.message):gsub("\n", "\n     "), true))
    end
  end
  if #list == 0 then
    term.line("     %s has no test: it(\"does ...\", function(t) ... end)", path)
  end
end

local function count(total, path, list)
  for _, one in ipairs(list) do
    local what = one.skipped and "skipped" or one.ok and "passed" or "failed"
    total[what] = total[what] + 1
    one.file = path
    total.tests[#total.tests + 1] = one
  end
end

function command.run(ctx, words, options)
  local files, message, code = files_of(options, words)
  if not files then
    return nil, message, code
  elseif #files == 0 then
    return nil, "there is no test yet: `syncwell new rule NAME` writes a rule and its test", "usage"
  end
  local bench
  bench, message, code = prepared(options)
  if not bench then
    return nil, message, code
  end
  local total = { passed = 0, failed = 0, skipped = 0, tests = json.list() }
  for _, path in ipairs(files) do
    local list, why = run_file(bench, options, path)
    list = list or { { name = path, ok = false, error = { message = why } } }
    count(total, path, list)
    if not ctx.json then
      say(path, list)
    end
  end
  sw.fs.remove_tree(bench.home)
  term.line(ctx.json and json.encode(total) or ("%d passed, %d failed, %d skipped"):format(total.passed,
    total.failed, total.skipped))
  return total.failed > 0 and 1 or 0
end

return command

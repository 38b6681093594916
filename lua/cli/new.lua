-- syncwell new: begin a rule or a provider, with a test that passes.
--   syncwell new rule long_run   |   syncwell new provider acme
local schema = require("schema")
local term = require("term")

local json = sw.json

local command = {
  group = "rules", summary = "begin a rule or a provider, with its test", usage = "rule NAME | provider NAME",
  example = "syncwell new rule long_run\nsyncwell new provider acme", creates = true,
  doc = "Writes the script and a test into your home, and says what to do next. A provider comes with\n"
    .. "recorded answers to replace by the service's own.", options = {},
}

-- What each kind is made of: template -> where it goes. The test of a script stands in HOME/tests.
local kinds = {
  rule = { name = "^%l[%l%d_]*$", like = "long_run", files = { { "rule.lua", "rules/automations/%s.lua" },
    { "rule_test.lua", "tests/%s_test.lua" } },
    next = { "syncwell test", "syncwell rules backtest %s --since 1y" } },
  provider = { name = "^%l[%l%d%-]*$", like = "acme-ring", files = { { "provider.lua", "providers/%s.lua" },
    { "provider_test.lua", "tests/%s_test.lua" }, { "provider.json", "tests/%s.json" } },
    next = { "syncwell test", "syncwell lint", "syncwell connect %s" } },
}
kinds.automation = kinds.rule

local function write(ctx, kind, name)
  local written = json.list()
  for _, f in ipairs(kind.files) do
    local path = ("%s/%s"):format(ctx.home, f[2]:format(name))
    if sw.fs.stat(path) then
      return nil, ("%s is there already; choose another name"):format(path), "usage"
    end
    written[#written + 1] = path
  end
  for i, f in ipairs(kind.files) do
    local text, message = sw.fs.read(sw.sys.share() .. "/lua/new/" .. f[1])
    if not text then
      return nil, message
    end
    local ok, why, code = sw.fs.mkdir(written[i]:match("^(.*)/"))
    if ok then
      ok, why, code = sw.fs.write(written[i], (text:gsub("NAME", name)), 420)
    end
    if not ok then
      return nil, why, code
    end
  end
  return written
end

function command.run(ctx, words)
  local kind, name = kinds[words[1] or ""], words[2]
  if not kind then
    return nil, ("new what? rule or provider%s"):format(words[1] and schema.did_you_mean(words[1],
      schema.keys(kinds)) or ""), "usage"
  elseif not name or not name:find(kind.name) or #name > 40 then
    return nil, ("'%s' is no name for a %s: small letters, such as %s"):format(tostring(name), words[1],
      kind.like), "usage"
  end
  local written, message, code = write(ctx, kind, name)
  if not written then
    return nil, message, code
  elseif ctx.json then
    term.line("%s", json.encode { written = written })
    return 0
  end
  for _, path in ipairs(written) do
    term.line("wrote  %s", path)
  end
  for i, line in ipairs(kind.next) do
    term.line("%s  %s", i == 1 and "next " or "     ", line:format(name))
  end
  if words[1] ~= "provider" then
    term.line("\nThe rule is live as it stands; `syncwell rules disable %s` turns it off.", name)
  end
  return 0
end

return command

-- syncwell secrets: tokens for channels and scripts, sealed with this home's key.
--   syncwell secrets set ntfy_token   |   echo -n tk_... | syncwell secrets set ntfy_token
local commands = require("commands")
local home = require("home")
local term = require("term")
local vault = require("vault")

local json = sw.json

local command = {
  group = "care", summary = "keep tokens sealed", usage = "set NAME | list | remove NAME", mutates = true,
  example = "syncwell secrets set ntfy_token\nsyncwell secrets list",
  doc = "The value is asked for without being shown, or read from standard input. config.lua names it:\n"
    .. "channels = { ntfy = { url = \"...\", token = \"secret:ntfy_token\" } }", options = {},
}

command.words = { NAME = "secrets" }

local verbs = {}

local function name_ok(name)
  return type(name) == "string" and name:find("^%l[%w_]*$") ~= nil and #name <= 60
end

function verbs.set(ctx, name)
  if not name_ok(name) then
    return nil, "a secret is named by small letters, digits and _: syncwell secrets set ntfy_token", "usage"
  end
  local value = sw.sys.read_hidden(name .. ": ")
  if not value or value == "" then
    return nil, "no value given", "usage"
  end
  local t = home.txn(ctx)
  vault.put(t, ctx, "user:" .. name, { secrets = { value = value } })
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"kept":true}' or name .. " is kept")
  return 0
end

function verbs.list(ctx)
  local list, message, code = sw.store.secrets(ctx.who)
  if not list then
    return nil, message, code
  end
  local names = json.list()
  for _, s in ipairs(list) do
    names[#names + 1] = s.name:match("^user:(.*)$")
  end
  term.line("%s", ctx.json and json.encode(names) or #names > 0 and table.concat(names, "\n")
    or "none is kept")
  return 0
end

function verbs.remove(ctx, name)
  if not name_ok(name) or not sw.store.sealed(ctx.who, "user:" .. name) then
    return nil, ("there is no secret '%s'"):format(tostring(name)), "usage"
  end
  local t = home.txn(ctx)
  t:secret_delete("user:" .. name)
  local ok, message, code = t:commit()
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and '{"removed":true}' or name .. " is gone")
  return 0
end

function command.run(ctx, words)
  local verb, message, code = commands.verb("secrets", verbs, words[1])
  if not verb then
    return nil, message, code
  end
  return verb(ctx, words[2])
end

return command

-- syncwell notices: what SyncWell tells you by itself, each of which can be turned off.
--   syncwell notices   |   syncwell notices off sync.failed   |   syncwell notices on week.word
local commands = require("commands")
local home = require("home")
local notices = require("notices")
local schema = require("schema")
local term = require("term")

local json = sw.json

local command = {
  group = "rules", summary = "what SyncWell itself tells you: list, on, off",
  usage = "[list | on ID | off ID]",
  example = "syncwell notices\nsyncwell notices off import.finished",
  doc = "They go the way of all messages: the default channel of config.lua, else HOME/notifications.log.\n"
    .. "What config.lua says under `notices` goes before what is said here.",
  options = {},
}

command.words = { ID = "notices" }

function command.mutates(words)
  return words[1] == "on" or words[1] == "off"
end

local verbs = {}

function verbs.list(ctx)
  local rows, list = {}, json.list()
  for i, id in ipairs(schema.keys(notices.texts)) do
    local on = notices.wanted(ctx, id)
    list[i] = { id = id, on = on, title = notices.texts[id].title, text = notices.texts[id].text }
    rows[i] = { id, on and "on" or "off", notices.texts[id].title }
  end
  if ctx.json then
    term.line("%s", json.encode(list))
  else
    term.table({ "notice", "", "what it tells" }, rows)
  end
  return 0
end

local function switch(on)
  return function(ctx, words)
    local id = words[2]
    if not id or not notices.texts[id] then
      return nil, ("there is no notice '%s'%s; `syncwell notices` lists them"):format(tostring(id),
        schema.did_you_mean(tostring(id), schema.keys(notices.texts))), "usage"
    elseif ((ctx.config or {}).notices or {})[id] ~= nil then
      return nil, ("config.lua says so about '%s' already, and that goes first; change it there"):format(id),
        "usage"
    end
    local setting = home.setting(ctx, "notices")
    setting[id] = on
    local ok, message, code = home.set(ctx, "notices", setting)
    if not ok then
      return nil, message, code
    end
    term.line("%s", ctx.json and json.encode { id = id, on = on } or ("%s is %s"):format(id,
      on and "on" or "off"))
    return 0
  end
end

verbs.on, verbs.off = switch(true), switch(false)

function command.run(ctx, words)
  local verb, message, code = commands.verb("notices", verbs, words[1])
  if not verb then
    return nil, message, code
  end
  return verb(ctx, words)
end

return command

-- syncwell tasks: what your rules would like you to do; done, and taken off the list.
--   syncwell tasks   |   syncwell tasks done 3f2a   |   syncwell tasks remove 3f2a
local commands = require("commands")
local tasks = require("tasks")
local term = require("term")

local json = sw.json

local command = {
  group = "rules", summary = "tasks that rules wrote: list, done, remove",
  usage = "[list | done ID | remove ID]",
  example = "syncwell tasks\nsyncwell tasks done 3f2a",
  doc = "They stand in the calendar feed too (as VTODO). An id may be shortened as long as it is one task's.",
  options = {},
}

command.words = { ID = "tasks" }

function command.mutates(words)
  return words[1] == "done" or words[1] == "remove"
end

local verbs = {}

function verbs.list(ctx)
  local list, message, code = tasks.list(ctx)
  if not list then
    return nil, message, code
  elseif ctx.json then
    term.line("%s", json.encode(list))
    return 0
  end
  local rows = {}
  for i, task in ipairs(list) do
    local due = (task.due or ""):sub(1, 16):gsub("T", " ")
    rows[i] = { task.id, due, task.done and "done" or "open", sw.sys.clean(task.title), task.rule or "" }
  end
  if #rows == 0 then
    term.line("no tasks; rules write them with ctx.task.add")
  else
    term.table({ "id", "due", "state", "task", "rule" }, rows)
  end
  return 0
end

local function change(verb, word)
  return function(ctx, words)
    if not words[2] then
      return nil, ("tasks %s needs the id of a task; `syncwell tasks` lists them"):format(verb), "usage"
    end
    local task, message, code = tasks[verb](ctx, words[2])
    if not task then
      return nil, message, code
    end
    term.line("%s", ctx.json and json.encode(task) or ("%s: %s"):format(word, sw.sys.clean(task.title)))
    return 0
  end
end

verbs.done, verbs.remove = change("done", "done"), change("remove", "removed")

function command.run(ctx, words)
  local verb, message, code = commands.verb("tasks", verbs, words[1])
  if not verb then
    return nil, message, code
  end
  return verb(ctx, words)
end

return command

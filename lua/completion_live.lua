-- Names for shell completion that only the home knows: connections, origins, tasks, runs.
--   completion_live.list("connections", { home = DIR, user = NAME })   --> { { "strava", "active" }, ... }
-- A home that is not there is not made, and whoever is not in it is not added: Tab changes nothing.
local connections = require("connections")
local home = require("home")
local notices = require("notices")
local schema = require("schema")
local tasks = require("tasks")

local live = {}

local lists = {}

function lists.connections(ctx)
  local out = {}
  for i, c in ipairs(connections.list(ctx) or {}) do
    out[i] = { connections.title(c), c.state or "" }
  end
  return out
end

function lists.origins(ctx)
  local out = {}
  for i, o in ipairs(sw.store.origins(ctx.who) or {}) do
    out[i] = { o.name ~= "" and o.name or ("%x"):format(o.id), o.class }
  end
  return out
end

-- What `compare` takes: origins, and the words that stand for several of them.
function lists.sources(ctx)
  local out, seen = {}, {}
  for _, o in ipairs(sw.store.origins(ctx.who) or {}) do
    for _, key in ipairs { "name", "provider", "maker", "class" } do
      if o[key] ~= "" and not seen[o[key]] then
        seen[o[key]] = true
        out[#out + 1] = { o[key], key == "name" and "origin" or key }
      end
    end
  end
  return out
end

function lists.tasks(ctx)
  local out = {}
  for _, task in ipairs(tasks.list(ctx) or {}) do
    out[#out + 1] = { task.id, task.title }
  end
  return out
end

function lists.runs(ctx)
  local out = {}
  for _, r in ipairs(require("undo").list(ctx) or {}) do
    out[#out + 1] = { tostring(r.run), ("%s %s"):format(r.what, r.text or "") }
  end
  return out
end

function lists.sports(ctx)
  local set = {}
  for _, r in ipairs(sw.store.records(ctx.who, { kind = "workout", bare = true }) or {}) do
    set[r.type] = true
  end
  return schema.keys(set)
end

function lists.people()
  local out = {}
  for i, p in ipairs(sw.store.people() or {}) do
    out[i] = p.name
  end
  return out
end

function lists.secrets(ctx)
  local out = {}
  for _, s in ipairs(sw.store.secrets(ctx.who) or {}) do
    out[#out + 1] = s.name:match("^user:(.*)$")
  end
  return out
end

-- --- what stands without a home ---

local standing = {}

function standing.notices()
  local out = {}
  for i, id in ipairs(schema.keys(notices.texts)) do
    out[i] = { id, notices.texts[id].title }
  end
  return out
end

function standing.zones()
  local out = {}
  local text = sw.fs.read("/usr/share/zoneinfo/zone1970.tab", 1 << 17) or ""
  for name in text:gmatch("\n%u[^\t\n]*\t[^\t\n]*\t([^\t\n]+)") do
    out[#out + 1] = name
  end
  return out
end

local function opened(options)
  local dir = home.dir(options)
  if not home.exists(options) or not sw.sys.open(dir, "sqlite:" .. dir .. "/syncwell.db") then
    return nil
  end
  local person = sw.store.person(options.user or "me")
  return person and { home = dir, who = person.id, name = person.name, zone = person.zone }
end

function live.list(name, options)
  if standing[name] then
    return standing[name]()
  end
  local ctx = opened(options)
  return ctx and lists[name](ctx) or {}
end

return live

-- The rules of a person as they stand, kept between jobs and indexed by what they listen to.
--   local set = standing.rules(ctx);  standing.listening(set, "workout.created") --> { rule, ... }
-- They are read again when a file, a package or a setting changed. Looking whether a file did takes a
-- fiftieth of the time at most: with thousands of files a change is seen a little later.
local packages = require("packages")
local rules = require("rules")
local scripts = require("scripts")
local versions = require("versions")

local standing = {}

local LOOK_SHARE = 50
local LARGE_KIB, YOUNG_KIB = 8192, 1536

local kept = {} -- person's home and name -> { mark, all, listening }
local looked = {} -- folder -> { stamp, next = when to look again, on the monotonic clock }

local function stamp(folder)
  local last, now = looked[folder], sw.time.mono()
  if not last or now >= last.next then
    last = { stamp = sw.fs.stamp(folder) }
    local after = sw.time.mono()
    last.next = after + (after - now) * LOOK_SHARE
    looked[folder] = last
  end
  return last.stamp
end

local function revisions(ctx, kind)
  local list = {}
  for i, doc in ipairs(sw.store.docs(ctx.who, kind, { limit = 100000 }) or {}) do
    list[i] = ("%s %d"):format(doc.name, doc.revision)
  end
  return table.concat(list, "\n")
end

local function mark_of(ctx)
  return table.concat({ stamp(ctx.home .. "/rules"), stamp(sw.sys.share() .. "/rules/automations"),
    stamp(packages.folder(ctx)), revisions(ctx, "rule"), revisions(ctx, "package") }, "\0")
end

-- A load that failed halfway says nothing about the next one.
local function is_settled(ctx, all)
  for _, rule in ipairs(all) do
    if rule.package and not scripts.settled(ctx.name, rule.package) then
      return false
    end
  end
  return true
end

-- Why the rules cannot be told now: no worker could be had to read one of them. It is not off.
local function unread(all)
  for _, rule in ipairs(all) do
    if rule.unserved and rule.enabled then
      return "the rules cannot be read now, which is tried again: " .. rule.error
    end
  end
end

-- Thousands of rules stay while what jobs make goes at once: from now on all there is counts as old, and the
-- collector visits what is young.
local function settle()
  local kib = collectgarbage("count")
  if kib < LARGE_KIB then
    return
  end
  collectgarbage("incremental")
  collectgarbage("generational", math.floor(math.max(1, math.min(20, YOUNG_KIB * 100 / kib))), 0)
  collectgarbage("step", 0) -- Lua 5.4.4 waits as long as before otherwise
  sw.settle_heap()
end

function standing.rules(ctx)
  local who, mark = ctx.home .. "\0" .. ctx.name, mark_of(ctx)
  local set = kept[who]
  if set and set.mark == mark and is_settled(ctx, set.packages) then
    return set
  end
  local all, message, code = rules.load(ctx)
  if not all then
    return nil, message, code
  end
  local why = unread(all)
  if why then
    return nil, why, "again"
  end
  set = { mark = mark, all = all, kinds = {}, packages = standing.packages(all) }
  kept[who] = is_settled(ctx, all) and set or nil
  versions.note(ctx, all)
  settle()
  return set
end

-- One rule of each package.
function standing.packages(all)
  local list, seen = {}, {}
  for _, rule in ipairs(all) do
    if rule.package and not seen[rule.package] then
      seen[rule.package] = true
      list[#list + 1] = rule
    end
  end
  return list
end

local function index(set, kind)
  local list, member = {}, {}
  for _, rule in ipairs(set.all) do
    if rule.live and rules.listens(rule, kind) then
      list[#list + 1] = rule
      member[rule] = true
    end
  end
  set.kinds[kind] = { list = list, member = member }
  return set.kinds[kind]
end

-- The rule of that name; nil where none is here.
function standing.named(set, name)
  for _, rule in ipairs(set.all) do
    if rule.name == name then
      return rule
    end
  end
end

-- Live rules that listen to this kind of event, in the order of their names.
function standing.listening(set, kind)
  return (set.kinds[kind] or index(set, kind)).list
end

function standing.is_listening(set, rule, kind)
  return (set.kinds[kind] or index(set, kind)).member[rule] or false
end

return standing

-- Which backups still hold a person: an erasure does not reach them, so it names them.
--   backup_holders.of(ctx, name)      --> paths that hold or may hold it, paths where one lay and is no more
--   backup_holders.hand_over(person)  what is known of backups elsewhere, and their schedule, outlive who
--                                     asked for them
local backups = require("backups")

local json = sw.json
local backup_holders = {}

local function holds(e, name)
  for _, p in ipairs(e.people or {}) do
    if p.name == name then
      return true
    end
  end
  return not e.people -- what cannot be read may
end

-- Copies of the home that a restore kept, with a database in them.
local function kept_aside(dir, list)
  for _, name in ipairs(sw.fs.list(dir) or {}) do
    if name:find("^before%-restore%-") and sw.fs.stat(dir .. "/" .. name .. "/syncwell.db") then
      list[#list + 1] = dir .. "/" .. name
    end
  end
end

-- Whatever lies in the folder of backups: also a renamed copy, a packed one, what a killed backup left.
local function in_folder(ctx, name, list)
  local folder = backups.folder(ctx)
  for _, file in ipairs(sw.fs.list(folder) or {}) do
    local path = folder .. "/" .. file
    local st = sw.fs.stat(path)
    local holder = st and (st.kind == "dir" and sw.fs.stat(path .. "/syncwell.db") ~= nil
      or st.kind == "file" and st.size > 0 and holds(backups.entry(path), name))
    list[#list + 1] = holder and path or nil
  end
end

function backup_holders.of(ctx, name)
  local list, gone, folder = json.list(), json.list(), backups.folder(ctx) .. "/"
  in_folder(ctx, name, list)
  for path in pairs(backups.elsewhere()) do
    local e = path:sub(1, #folder) ~= folder and backups.entry(path) or nil
    if e and e.gone then
      gone[#gone + 1] = path
    elseif e and holds(e, name) then
      list[#list + 1] = path
    end
    list[#list + 1] = e and sw.fs.stat(path .. ".parts/syncwell.db") and path .. ".parts" or nil
  end
  kept_aside(ctx.home, list)
  table.sort(list)
  table.sort(gone)
  return list, gone
end

-- The backups are the home's: they go on for the others.
local function hand_over_schedule(t, from, to)
  local setting = backups.setting { who = from.id }
  if setting and not backups.setting { who = to.id } then
    t:doc("setting", "backup", json.encode(setting))
    backups.plan_next(t, setting, sw.time.now())
  end
end

function backup_holders.hand_over(person)
  for _, p in ipairs(sw.store.people() or {}) do
    if p.id ~= person.id then
      local t = sw.txn.new(p.id, p.name, p.zone)
      hand_over_schedule(t, person, p)
      for _, doc in ipairs(sw.store.docs(person.id, ".backup") or {}) do
        t:doc(".backup", doc.name, "{}", { at = doc.at })
      end
      return t:commit()
    end
  end
  return true
end

return backup_holders

-- Lines of the notification log (lua/notify/file.lua): each ends with the key of the action that wrote it.
--   note_lines.remove(ctx, keys)         without those of these actions: true | nil, message, code
--   note_lines.of_nobody(ctx, keys_of)   --> the log's path where lines are left that are nobody's here
local file = require("notify.file")

local note_lines = {}

local function lines_of(ctx)
  local path = sw.fs.real(file.path(ctx)) -- a link is kept, what it leads to is written
  if not path then
    return nil
  end
  local text, message, code = sw.fs.read(path)
  if not text then
    return nil, message, code
  end
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = { text = line, key = line:sub(-40):match("%[(%x+)%]$") }
  end
  return list, path
end

function note_lines.remove(ctx, keys)
  local list, path, code = lines_of(ctx)
  if not list then
    return path == nil or nil, path, code
  end
  local rest = {}
  for _, line in ipairs(list) do
    rest[#rest + 1] = not keys[line.key] and line.text .. "\n" or nil
  end
  if #rest == #list then
    return true
  elseif #rest == 0 then
    return sw.fs.remove(path)
  end
  return sw.fs.write(path, table.concat(rest), 384)
end

-- Of rules whose firings are no more, or of who was erased before lines could be told apart.
function note_lines.of_nobody(ctx, keys_of)
  local list, path = lines_of(ctx)
  local known = {}
  for _, p in ipairs(list and #list > 0 and sw.store.people() or {}) do
    local theirs = setmetatable({ who = p.id, name = p.name, zone = p.zone }, { __index = ctx })
    for key in pairs(keys_of(theirs)) do
      known[key] = true
    end
  end
  for _, line in ipairs(list or {}) do
    if not known[line.key] then
      return path
    end
  end
end

return note_lines

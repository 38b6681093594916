-- Which files below some paths are worth a look, by their names alone; what they are their content tells.
--   for _, f in ipairs(files.walk { "/abs/folder" }) do print(f.path, f.size) end
local files = {}

local HEALTH = { fit = true, tcx = true, gpx = true, xml = true, zip = true, csv = true, json = true,
  db = true,
  gz = true,
  jsonl = true, tgz = true, tar = true,
  rar = true, ["7z"] = true, xlsx = true } -- these only to hear what to do with them

function files.is_health(name)
  return HEALTH[(name:match("%.(%w+)$") or ""):lower()]
end

-- Files of a folder in the order of their names; what is no health file by its name is passed over.
local function walk(path, list, depth)
  local st = sw.fs.stat(path)
  if st and st.kind == "dir" and depth < 12 then
    local real = sw.fs.real(path)
    if not real or list[real] then
      return list -- a link that leads back
    end
    list[real] = true
    local names, message = sw.fs.list(path)
    if not names then
      list[#list + 1] = { path = path, size = 0, refused = message }
    end
    for _, name in ipairs(names or {}) do
      if name:sub(1, 1) ~= "." then
        walk(path .. "/" .. name, list, depth + 1)
      end
    end
  elseif depth == 0 or files.is_health(path) then
    if not path:find("export_cda%.xml$") then
      list[#list + 1] = { path = path, size = st and st.size or 0, named = depth == 0 }
    end
  end
  return list
end

-- The files below some paths, with their sizes, in the order in which they are read.
function files.walk(paths)
  local list = {}
  for _, path in ipairs(paths) do
    walk(path, list, 0)
  end
  return list
end

return files

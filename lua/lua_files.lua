-- What is found by its file name: the Lua files of a folder, sorted, without their ending.
--   lua_files.names(sw.sys.share() .. "/lua/notify")   --> { "email", "file", "log" ... }, {} for no folder
local lua_files = {}

function lua_files.names(dir)
  local names = {}
  for _, file in ipairs(sw.fs.list(dir) or {}) do
    names[#names + 1] = file:match("^(%l[%w_%-]*)%.lua$")
  end
  return names
end

return lua_files

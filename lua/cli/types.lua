-- syncwell types: teach an editor what scripts may write (LuaLS, also known as lua-language-server).
--   syncwell types --write   |   syncwell types --write ~/my-scripts
local home = require("home")
local reference = require("reference")
local term = require("term")
local types = require("reference_types")

local json = sw.json

local command = {
  group = "rules", summary = "teach an editor what scripts may write", usage = "[--write] [DIR]",
    needs_home = false,
  example = "syncwell types --write\nsyncwell types > syncwell.lua",
  doc = "Prints the types, or writes them with a .luarc.json into your home (or DIR): an editor with\n"
    .. "lua-language-server then completes names, shows what they mean and marks mistakes.",
  options = { write = { doc = "write meta/syncwell.lua and .luarc.json" } },
}

-- An own .luarc.json is kept: only what makes the types known is put into it.
local function luarc(path)
  local text = sw.fs.stat(path) and sw.fs.read(path, 65536)
  local settings = text and json.decode(text) or not text and {} or nil
  if type(settings) ~= "table" then
    return nil, ("%s is no JSON object; mend or remove it first"):format(path)
  end
  settings["runtime.version"] = "Lua 5.4"
  settings["workspace.library"] = json.list { "meta" }
  settings["runtime.builtin"] = { io = "disable", debug = "disable", package = "disable" }
  return json.encode(settings, true) .. "\n"
end

local function write(dir, text)
  local settings, why = luarc(dir .. "/.luarc.json")
  if not settings then
    return nil, why, "bad"
  end
  local ok, message, code = sw.fs.mkdir(dir .. "/meta")
  if ok then
    ok, message, code = sw.fs.write(dir .. "/meta/syncwell.lua", text, 420)
  end
  if ok then
    ok, message, code = sw.fs.write(dir .. "/.luarc.json", settings, 420)
  end
  return ok, message, code
end

function command.run(ctx, words, options)
  local all, message, code = reference.get()
  if not all then
    return nil, message, code
  end
  local text = types.text(all)
  if not options.write then
    term.out(text)
    return 0
  end
  local dir = words[1] or home.dir(options)
  local ok
  ok, message, code = write(dir, text)
  if not ok then
    return nil, message, code
  end
  term.line(ctx.json and json.encode { written = dir } or ("types are in %s/meta, settings in %s/.luarc.json")
    :format(dir, dir))
  return 0
end

return command

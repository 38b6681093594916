-- SPDX-License-Identifier: MIT
-- The house as a test: which folder of core/ may include which, and where each third-party header lives.
-- A new arrow between folders is a decision: it is made here, in the open, or not at all.
local flow = require("flow")

-- Down the house only: a folder may include itself and what stands in its row.
local MAY = {
  base = {}, model = { "base" }, codec = { "base" }, stats = { "base" }, net = { "base" },
  store = { "base", "model", "codec" },
  engine = { "base", "model", "codec", "store", "net" }, -- codec: an import hands its batches over by value
  box = { "base", "model" },
  script = { "base", "model", "codec", "stats", "net", "store", "engine", "box" },
  app = { "script", "engine", "net", "base" },
}

-- Third-party header (Lua pattern) -> where it may stand (patterns on the path below core/).
local HOMES = {
  { "^lua%.h$", "^box/", "^script/" }, { "^lauxlib%.h$", "^box/", "^script/" }, { "^lualib%.h$", "^box/", "^script/" },
  { "^uv%.h$", "^net/", "^store/worker%.[ch]$", "^script/workers[%w_]*%.c$" },
  { "^curl/", "^net/http_client%.c$", "^net/http_call%.c$", "^net/multi%.c$", "^net/transfer%.c$", "^net/url%.c$", "^net/stream%.c$", "^net/mail%.c$", "^net/curl_late%.c$" }, { "^microhttpd%.h$", "^net/http_server[%w_]*%.c$" },
  { "^sqlite3%.h$", "^store/db_sqlite%.c$" }, { "^libpq", "^store/db_pg%.c$" },
  { "^seccomp%.h$", "^box/" }, { "^jansson%.h$", "^base/" }, { "^sodium%.h$", "^base/crypto%.c$" },
  { "^openssl/", "^base/crypto%.c$" }, { "^dlfcn%.h$", "^base/late%.c$" },
  { "^expat%.h$", "^codec/" }, { "^zip%.h$", "^codec/" }, { "^zlib%.h$", "^codec/" }, { "^zstd%.h$", "^codec/" },
  { "^libical/", "^codec/" }, { "^qrencode%.h$", "^codec/qr%.c$" }, { "^editline/", "^app/repl%.c$" }, { "^histedit%.h$", "^app/repl%.c$" },
}

-- Headers of the C library and the kernel: at home anywhere.
local SYSTEM = {}
for name in ([[assert ctype dirent endian errno fcntl fenv ftw grp inttypes limits locale malloc math poll pthread pwd sched signal
  stdarg stdatomic stdbool stddef stdint stdio stdlib string strings termios time unistd wchar]]):gmatch("%S+") do
  SYSTEM[name .. ".h"] = true
end

local function is_system(header)
  return SYSTEM[header] or header:find("^sys/") or header:find("^linux/") or header:find("^netinet/") or header:find("^arpa/")
end

-- Every C file below core/: { path below core/, its #include lines as { quote, name, line } }.
local function sources(dir, below, list)
  for _, name in ipairs(sw.fs.list(dir) or {}) do
    local path, short = dir .. "/" .. name, below == "" and name or below .. "/" .. name
    if sw.fs.stat(path).kind == "dir" then
      sources(path, short, list)
    elseif name:find("%.[ch]$") then
      local includes, n = {}, 0
      for line in (flow.read(path) .. "\n"):gmatch("(.-)\n") do
        n = n + 1
        local quote, header = line:match('^%s*#%s*include%s*([<"])([^>"]+)[>"]')
        if quote then
          includes[#includes + 1] = { quote = quote, name = header, line = n }
        end
      end
      list[#list + 1] = { path = short, includes = includes }
    end
  end
  return list
end

local function among(list, value)
  for _, v in ipairs(list or {}) do
    if v == value then
      return true
    end
  end
end

local function home_of(header)
  for _, row in ipairs(HOMES) do
    if header:find(row[1]) then
      return row
    end
  end
end

local function at_home(path, row)
  for i = 2, #row do
    if path:find(row[i]) then
      return true
    end
  end
end

-- Why an include is not allowed, nil when it is.
local function objection(file, include)
  local layer = file.path:match("^([^/]+)/")
  if include.quote == '"' then
    local to = include.name:match("^([^/]+)/")
    if not to then
      return "a project header is included by its path below core/"
    elseif not MAY[layer] then
      return ("core/%s is in no row of the table"):format(layer)
    end
    return to ~= layer and not among(MAY[layer], to) and ("%s may not include %s"):format(layer, to) or nil
  elseif is_system(include.name) then
    return nil
  end
  local row = home_of(include.name)
  if not row then
    return "a library without a home: give it one in this test"
  end
  return not at_home(file.path, row) and "this library's header lives elsewhere" or nil
end

describe("the house", function()
  local files = sources(flow.root .. "/core", "", {})

  it("is all there to be read", function()
    expect(#files > 80).is_true()
  end)

  it("has no arrow between folders that the table does not allow, and each library in its home", function()
    local out = {}
    for _, file in ipairs(files) do
      for _, include in ipairs(file.includes) do
        local why = objection(file, include)
        out[#out + 1] = why and ("core/%s:%d includes %s: %s"):format(file.path, include.line, include.name, why) or nil
      end
    end
    expect(table.concat(out, "\n")).equals("")
  end)

  it("sees an upward arrow, a sideways one, a stray library and a path that is not below core/", function()
    local cases = {
      { "base/buf.c", '"', "store/store.h", "base may not include store" }, { "model/unit.c", '"', "codec/fit.h", "model may not include codec" },
      { "store/store.c", "<", "lua.h", "lives elsewhere" }, { "script/lua_fs.c", "<", "uv.h", "lives elsewhere" },
      { "base/json.c", "<", "sodium.h", "lives elsewhere" }, { "base/buf.c", "<", "glib.h", "without a home" },
      { "base/buf.c", '"', "buf.h", "by its path" }, { "app/main.c", '"', "store/store.h", "app may not include store" },
    }
    for _, c in ipairs(cases) do
      expect(objection({ path = c[1] }, { quote = c[2], name = c[3] })).contains(c[4])
    end
    expect(objection({ path = "script/lua_box.c" }, { quote = '"', name = "engine/engine.h" })).is_nil()
  end)
end)

-- Help for flow tests: a fresh home, the real binary in its own process, its answers.
--   local h = flow.home();  local out = h.run("import", path);  h.json("query", "steps")
local flow = {}

flow.root = os.getenv("SW_ROOT") or "."
flow.binary = (os.getenv("SW_BUILD") or flow.root .. "/build") .. "/syncwell"
flow.shared = os.getenv("SW_SHARED") or flow.root .. "/../shared"

function flow.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

-- Run a shell command: { code, out, err }.
function flow.sh(command)
  local err_file = os.tmpname()
  local p = io.popen(("{ %s\n} 2>%s; echo \"@@$?\""):format(command, err_file))
  local out = p:read("a")
  p:close()
  local text, code = out:match("^(.*)@@(%d+)\n$")
  local f = io.open(err_file)
  local err = f:read("a")
  f:close()
  os.remove(err_file)
  return { code = tonumber(code), out = text or out, err = err }
end

-- "log weight 80kg" as its words.
function flow.words(text)
  local list = {}
  for word in text:gmatch("%S+") do
    list[#list + 1] = word
  end
  return list
end

-- Run a command beside the test, whose own loop goes on meanwhile: { code, out }.
function flow.beside(command, seconds)
  local out = os.tmpname()
  os.execute(("( { %s\n} >%s 2>&1; echo \"@@$?\" >>%s ) &"):format(command, out, out))
  for _ = 1, (seconds or 30) * 20 do
    sw.sys.sleep(50)
    local text = flow.read(out) or ""
    local said, code = text:match("^(.*)@@(%d+)\n$")
    if code then
      os.remove(out)
      return { code = tonumber(code), out = said }
    end
  end
  error("the command did not end: " .. command, 2)
end

function flow.has_shared(part)
  local f = io.open(flow.shared .. "/" .. (part or "samples/INDEX.md"))
  if f then
    f:close()
    return true
  end
end

function flow.temp()
  return sw.fs.temp_dir()
end

function flow.write(path, text)
  local f = assert(io.open(path, "wb"))
  f:write(text)
  f:close()
  return path
end

function flow.read(path)
  local f = io.open(path, "rb")
  local text = f and f:read("a")
  if f then
    f:close()
  end
  return text
end

-- The first lines in which two texts differ, each cut short: "- wanted", "+ got"; "" when they are equal.
function flow.difference(wanted, got)
  if wanted == got then
    return ""
  end
  local missing, out = {}, {}
  for line in wanted:gmatch("[^\n]+") do
    missing[line] = (missing[line] or 0) + 1
  end
  for line in got:gmatch("[^\n]+") do
    if (missing[line] or 0) > 0 then
      missing[line] = missing[line] - 1
    elseif #out < 6 then
      out[#out + 1] = "+ " .. line:sub(1, 300)
    end
  end
  for line in wanted:gmatch("[^\n]+") do
    if missing[line] > 0 and #out < 12 then
      missing[line] = missing[line] - 1
      out[#out + 1] = "- " .. line:sub(1, 300)
    end
  end
  return #out > 0 and table.concat(out, "\n") or "the same lines in another order, or blank ones"
end

-- A page that is kept, beside what the program makes of it now: "" when they are equal, else what to do.
function flow.stale(name, kept, made)
  local difference = flow.difference(kept or "", made)
  return difference == "" and "" or ("%s is not what the program makes now: run `./run pages` and look at `git diff`"
    .. "\n%s"):format(name, difference)
end

-- Lines that only one of two lists has, as often as it has more of them: "- wanted", "+ got", sorted as they are.
function flow.unlike(wanted, got)
  local count, out = {}, {}
  for _, line in ipairs(wanted) do
    count[line] = (count[line] or 0) - 1
  end
  for _, line in ipairs(got) do
    count[line] = (count[line] or 0) + 1
  end
  for line, n in pairs(count) do
    out[#out + 1] = n ~= 0 and (n > 0 and "+ " or "- ") .. line or nil
  end
  table.sort(out, function(a, b) return a:sub(3) < b:sub(3) end)
  return out
end

function flow.home(zone)
  local h = { dir = flow.temp() }
  function h.command(...)
    local parts = { flow.quote(flow.binary), "--home", flow.quote(h.dir) }
    for _, word in ipairs { ... } do
      parts[#parts + 1] = flow.quote(word)
    end
    return table.concat(parts, " ")
  end
  function h.run(...)
    return flow.sh(h.command(...))
  end
  function h.ok(...)
    local r = h.run(...)
    if r.code ~= 0 then
      error(("syncwell %s ended with %d: %s%s"):format(table.concat({ ... }, " "), r.code, r.err, r.out), 2)
    end
    return r
  end
  function h.json(...)
    local r = h.run("--json", ...)
    local value, message = sw.json.decode(r.out)
    if value == nil then
      error(("syncwell %s gave no JSON (%s): %s%s"):format(table.concat({ ... }, " "), message, r.err,
        r.out), 2)
    end
    return value, r
  end
  -- the lines of `import --json`, the last being the total
  function h.import(...)
    local r = h.run("--json", "import", ...)
    local list = {}
    for line in r.out:gmatch("[^\n]+") do
      list[#list + 1] = sw.json.decode(line)
    end
    return list, r
  end
  function h.dump()
    return h.ok("dump", "--canonical").out
  end
  function h.remove()
    sw.fs.remove_tree(h.dir)
  end
  h.ok("init", "--test", "--quiet", "--zone", zone or "UTC")
  return h
end

return flow

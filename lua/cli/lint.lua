-- syncwell lint: check rule files without turning them on; all errors, not the first.
--   syncwell lint rules/automations/mine.lua
local term = require("term")
local triggers = require("triggers")

local command = {
  group = "rules", summary = "check rule files", usage = "[PATH...]", example = "syncwell lint my_rule.lua",
  doc = "Without a path it checks the rules of your home.", options = {},
}

local function files_of(ctx, words)
  local list = {}
  for _, word in ipairs(#words > 0 and words or { ctx.home .. "/rules/automations" }) do
    local st, message, code = sw.fs.stat(word)
    if not st then
      return nil, message, code
    end
    for _, name in ipairs(st.kind == "dir" and sw.fs.list(word) or {}) do
      if name:find("%.lua$") then
        list[#list + 1] = word .. "/" .. name
      end
    end
    if st.kind == "file" then
      list[#list + 1] = word
    end
  end
  return list
end

function command.run(ctx, words)
  local files, message, code = files_of(ctx, words)
  if not files then
    return nil, message, code
  end
  local load = {}
  for i, path in ipairs(files) do
    local source
    source, message, code = sw.fs.read(path, 65537)
    if not source then
      return nil, message, code
    end
    load[i] = { name = path:match("rules/.+$") or path:match("[^/]+$"), source = source }
  end
  if #load == 0 then
    term.line("nothing to check")
    return 0
  end
  local results
  results, message, code = sw.box.load(ctx.name, "lint", load)
  if not results then
    return nil, message, code
  end
  local bad, public = 0, {}
  for i, r in ipairs(results) do
    local text = not r.ok and (r.error.text or r.error.message) or nil
    local later = r.ok and triggers.unsupported(ctx, r.out.declaration)
    text = later and ("%s: %s"):format(load[i].name, later) or text
    bad = bad + (text and 1 or 0)
    public[i] = { file = files[i], ok = r.ok, error = text }
    if not ctx.json then
      term.line("%s", text and sw.sys.clean(text, true) or load[i].name .. ": fine")
    end
  end
  if ctx.json then
    term.line("%s", sw.json.encode(sw.json.list(public)))
  end
  return bad > 0 and 1 or 0
end

return command

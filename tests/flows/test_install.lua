-- What `cmake --install` puts in place, and that it runs from there without the checkout.
local commands = require("commands")
local flow = require("flow")

local build = flow.binary:match("^(.*)/")
local prefix = flow.temp() .. "/prefix"
local installed = flow.sh(("cmake --install %s --prefix %s"):format(flow.quote(build), prefix))

local function bare(words)
  return flow.sh(("cd / && env -i PATH=/usr/bin:/bin HOME=/nonexistent %s/bin/syncwell %s"):format(prefix, words))
end

local function has(path)
  return sw.fs.stat(prefix .. "/" .. path) ~= nil
end

describe("an installed SyncWell", function()
  it("has the program, its box, its Lua and what belongs beside them", function()
    expect(installed.err).equals("")
    for _, path in ipairs { "bin/syncwell", "libexec/syncwell/syncwell-box", "share/syncwell/lua/boot.lua",
      "share/syncwell/rules/automations/hydrate.lua", "share/syncwell/schema/001.sql", "share/syncwell/providers/README.md",
      "lib/systemd/system/syncwell.service", "share/man/man1/syncwell.1", "share/bash-completion/completions/syncwell",
      "share/zsh/site-functions/_syncwell", "share/fish/vendor_completions.d/syncwell.fish" } do
      expect((has(path) and "there: " or "missing: ") .. path).equals("there: " .. path)
    end
  end)

  it("tells its version and runs the demo from its prefix", function()
    expect(bare("--version").out).equals("syncwell " .. commands.version .. "\n")
    local dir = flow.temp()
    local demo = bare("demo --keep " .. dir .. "/kept")
    local told = demo.err:gsub("\r[^\n]*", ""):gsub('{[^\n]*"took %d+ ms: [^\n]*}\n?', "") -- of a busy machine
    expect(told).equals("")
    expect(demo.code).equals(0)
    expect(demo.out).contains("your own data: syncwell import ")
    expect(bare("--home " .. dir .. "/kept/home status").out).contains("confinement  seccomp")
    sw.fs.remove_tree(dir)
  end)

  it("has a manual page and completion of the same program", function()
    expect(flow.read(prefix .. "/share/man/man1/syncwell.1")).equals(bare("man").out)
    for shell, path in pairs { bash = "bash-completion/completions/syncwell", zsh = "zsh/site-functions/_syncwell",
      fish = "fish/vendor_completions.d/syncwell.fish" } do
      expect(flow.read(prefix .. "/share/" .. path)).equals(bare("completion " .. shell).out)
    end
  end)

  it("has a unit that starts the installed program and that systemd takes", function()
    local unit = prefix .. "/lib/systemd/system/syncwell.service"
    expect(flow.read(unit)).contains("\nExecStart=" .. prefix .. "/bin/syncwell serve\n")
    expect(flow.read(unit):find("@[%u_]+@")).is_nil()
    if flow.sh("command -v systemd-analyze").code ~= 0 then
      skip("systemd-analyze is not here")
    end
    local verified = flow.sh(("MANPATH=%s/share/man systemd-analyze verify %s"):format(prefix, unit))
    if not verified.err:find("man syncwell(1)", 1, true) then -- no man here is no fault of the unit
      expect(verified.err .. verified.out).equals("")
    end
    local judged = flow.sh("systemd-analyze security --offline=true --threshold=20 " .. unit)
    expect(judged.out:match("exposure level for [^:]*: [%d.]+")).contains(": 1.")
    expect(judged.code).equals(0)
  end)

  it("leaves nothing behind of this test", function()
    sw.fs.remove_tree(prefix:match("^(.*)/prefix$"))
    expect(has("bin")).equals(false)
  end)
end)

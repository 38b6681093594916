-- Tests of the trusted side: describe / it / expect, files run as tasks so that waiting works.
--   syncwell --lua-test tests/lua/test_when.lua
--   describe("spans", function() it("reads a month", function() expect(x).equals(3) end) end)
local same = require("same")

local spec = { passed = 0, failed = 0, skipped = 0 }

local prefix = {}
local SKIP = {}
local SHOWN_MOST = 1500 -- bytes of a value: a page of help would push the name of the test out of sight

local function text_of(v)
  if type(v) == "table" then
    local ok, text = pcall(sw.json.encode, v)
    return ok and text or tostring(v)
  end
  return type(v) == "string" and ("%q"):format(v) or tostring(v)
end

local function show(v)
  local text = text_of(v)
  return #text <= SHOWN_MOST and text
    or ("%s ... (%d bytes in all)"):format(text:sub(1, SHOWN_MOST), #text)
end

local function fail(text)
  error(text, 3)
end

function spec.expect(value)
  local e = {}
  function e.equals(wanted)
    if not same(value, wanted) then
      fail(("expected %s, got %s"):format(show(wanted), show(value)))
    end
  end
  function e.near(wanted, tolerance)
    if type(value) ~= "number" or math.abs(value - wanted) > tolerance then
      fail(("expected %s within %s, got %s"):format(show(wanted), show(tolerance), show(value)))
    end
  end
  function e.is_true()
    if not value then
      fail("expected something true, got " .. show(value))
    end
  end
  function e.is_nil()
    if value ~= nil then
      fail("expected nil, got " .. show(value))
    end
  end
  function e.contains(text)
    if type(value) ~= "string" or not value:find(text, 1, true) then
      fail(("expected a text with %s, got %s"):format(show(text), show(value)))
    end
  end
  return e
end

function spec.describe(name, f)
  prefix[#prefix + 1] = name
  f()
  prefix[#prefix] = nil
end

function spec.skip(why)
  error({ [SKIP] = why }, 0)
end

function spec.it(name, f)
  local full = table.concat(prefix, ", ") .. (#prefix > 0 and ": " or "") .. name
  local ok, message = xpcall(f, function(e)
    return type(e) == "table" and e or debug.traceback(tostring(e), 2)
  end)
  if ok then
    spec.passed = spec.passed + 1
    sw.sys.out("ok   " .. full .. "\n")
  elseif type(message) == "table" and message[SKIP] then
    spec.skipped = spec.skipped + 1
    sw.sys.out(("skip %s (%s)\n"):format(full, message[SKIP]))
  else
    spec.failed = spec.failed + 1
    local text = type(message) == "string" and message or show(message)
    sw.sys.out(("FAIL %s\n%s\n"):format(full, sw.sys.clean(text, true)))
  end
end

function spec.main(files)
  local env = setmetatable({ describe = spec.describe, it = spec.it, expect = spec.expect,
    skip = spec.skip }, { __index = _G })
  package.path = package.path .. ";" .. (os.getenv("SW_ROOT") or ".") .. "/tests/support/?.lua"
  for _, file in ipairs(files) do
    local chunk, message = loadfile(file, "t", env)
    if not chunk then
      sw.sys.out(message .. "\n")
      return 1
    end
    chunk()
  end
  sw.sys.out(("%d passed, %d failed, %d skipped\n"):format(spec.passed, spec.failed, spec.skipped))
  return spec.failed > 0 and 1 or 0
end

return spec

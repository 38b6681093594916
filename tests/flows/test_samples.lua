-- Every sample file of ../shared through the real importer, all that its expectation says compared with what
-- is stored. Each figure of an expectation is either looked at or named with the reason why not.
local expectation = require("expectation")
local flow = require("flow")

local check = expectation.check

local folders = {
  { "fit", require("expect_fit") }, { "fit-wellness-made", require("expect_wellness") },
  { "tcx", require("expect_tcx") }, { "gpx", require("expect_gpx") },
  { "apple-health", require("expect_apple") }, { "apple-health-made", require("expect_apple") },
}

local function import_again(h, path, before, file)
  local again = h.import(path)
  check(again[#again].total.new == 0 and again[#again].total.updated == 0,
    "%s: the second time added something", file)
  check(h.dump() == before, "%s: the second time changed the dump", file)
end

-- Only a file without anything in it may be refused, with a sentence.
local function check_refused(e, book, first, file)
  local empty = e.is_fit == false or e.well_formed == false or e.num_records == 0
    or e.activities and #e.activities == 0
  check(empty and #(first.reasons[1] or "") > 10, "%s: refused: %s", file, first.reasons[1] or "")
  expectation.all_seen(book)
end

local function run_file(folder, file, format)
  local path = ("%s/samples/%s/%s"):format(flow.shared, folder, file)
  local judged = (format.judged or {})[file]
  local e, book = expectation.open(path .. ".expected.json", judged and judged.instead)
  local h = flow.home("UTC")
  local list, r = h.import(path)
  local first = list[1]
  check(r.code == 0 or r.code == 4 or r.code == 1, "%s: exit %d %s", file, r.code, r.err)
  check(first ~= nil, "%s: no answer", file)
  if first and first.status == "refused" then
    check_refused(e, book, first, file)
  elseif first then
    local dump = h.dump()
    local ctx = { first = first, home = h, path = path, all_seen = function()
      expectation.all_seen(book)
    end }
    local rejected = judged and judged.rejected or (format.rejected or {})[file] or 0
    check(first.rejected == rejected, "%s: %d are rejected, not %d", file, first.rejected, rejected)
    format.compare(e, expectation.stored(dump), file, ctx)
    import_again(h, path, dump, file)
  end
  local unseen = expectation.unseen(book, format.reasons)
  check(#unseen == 0, "%s: not looked at: %s", file, table.concat(unseen, ", "))
  h.remove()
  return judged and ("note %s: judged otherwise: %s\n"):format(file, judged.why)
end

local function run_folder(folder, format)
  local n, matched, judged, all = 0, 0, {}, {}
  for _, name in ipairs(sw.fs.list(flow.shared .. "/samples/" .. folder)) do
    if sw.fs.stat(("%s/samples/%s/%s.expected.json"):format(flow.shared, folder, name)) then
      expectation.problems = {}
      judged[#judged + 1] = run_file(folder, name, format)
      local problems = expectation.problems
      n, matched = n + 1, matched + (#problems == 0 and 1 or 0)
      table.move(problems, 1, #problems, #all + 1, all)
    end
  end
  sw.sys.out(("note %s: %d of %d files match their expectation%s\n"):format(folder, matched - #judged, n,
    #judged > 0 and (", %d judged otherwise"):format(#judged) or ""))
  sw.sys.out(table.concat(judged))
  return all
end

describe("sample files", function()
  for _, f in ipairs(folders) do
    it(("every file of %s gives what its expectation says"):format(f[1]), function()
      if not flow.has_shared() then
        skip("needs ../shared")
      end
      expect(table.concat(run_folder(f[1], f[2]), "\n")).equals("")
    end)
  end
end)

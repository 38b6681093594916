-- What an import answers of its files: one result each, and in groups what was left and why.
--   local all = import_results.new();  all:take(import_results.refused(path, nil, why), name, asked_for)
--   all:answer() --> { results, total, left }
local files = require("import_files")
local import_batch = require("import_batch")

local json = sw.json
local import_results = {}

local MOST_GROUPS = 200

local methods = {}
methods.__index = methods

function import_results.new()
  return setmetatable({ list = {}, groups = {}, by_key = {}, passed = 0 }, methods)
end

local function words_of(reasons)
  local list = {}
  for text, n in pairs(reasons or {}) do
    list[#list + 1] = n > 1 and ("%s (%d)"):format(text, n) or text
  end
  table.sort(list)
  return json.list(list)
end

function import_results.of(file, kept_reason)
  local total = file.total or import_batch.counts()
  return { file = file.path, format = file.format or json.null, status = file.status or "ok",
    new = total.new, updated = total.updated, unchanged = total.unchanged, rejected = total.rejected,
    reasons = words_of(total.reasons), notes = file.notes, kept_reason = kept_reason or json.null }
end

function import_results.refused(path, format, message)
  local r = import_results.of { path = path, status = "refused", format = format, notes = {} }
  r.reasons = json.list { message }
  return r
end

-- A file that was read before, by what its document says of it.
function import_results.known(file, doc)
  local b = doc.body
  local total = { new = 0, updated = 0, unchanged = b.total.new + b.total.updated + b.total.unchanged,
    rejected = b.total.rejected, reasons = b.total.reasons }
  return import_results.of({ path = file.path, format = b.format, status = b.status or "ok", total = total,
    notes = b.notes or {} }, "the same file was imported before")
end

function methods:add(r)
  self.list[#self.list + 1] = r
end

local function leave(self, r)
  local folder, name = r.file:match("^(.*)[/!]([^/!]*)$")
  local why = r.reasons[1] or ""
  local key = (folder or "") .. "\n" .. why
  self.passed = self.passed + 1
  local group = self.by_key[key]
  if group then
    group.files = group.files + 1
  elseif #self.groups < MOST_GROUPS then
    group = { folder = folder or "", files = 1, such_as = name or r.file, why = why }
    self.by_key[key], self.groups[#self.groups + 1] = group, group
  end
end

-- Exports hold much that is no health data: what was not asked for by name is left, and told in groups.
function methods:take(r, asked_for)
  if r.status == "refused" and not asked_for and (r.unknown or not files.is_health(r.file)) then
    leave(self, r)
  else
    self:add(r)
  end
end

local function total_of(list)
  local total = { files = #list, new = 0, updated = 0, unchanged = 0, rejected = 0, ok = 0, partial = 0,
    refused = 0 }
  for _, r in ipairs(list) do
    for _, k in ipairs { "new", "updated", "unchanged", "rejected" } do
      total[k] = total[k] + r[k]
    end
    total[r.status] = total[r.status] + 1
  end
  return total
end

function methods:answer()
  local total = total_of(self.list)
  total.passed = self.passed
  return { results = json.list(self.list), total = total, left = json.list(self.groups) }
end

return import_results

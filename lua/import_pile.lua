-- Files that were read wait here for each other and are stored by one commit: a folder has thousands of small
-- ones, and to the disk a commit is dearer than what such a file brings. Each keeps a savepoint of its own.
--   local p = pile.new(dry);  p:put(t, rows, file, told);  p:after(file, done);  p:settle()
local pile = {}

local MOST_FILES, MOST_ROWS = 64, 200000

local methods = {}
methods.__index = methods

-- dry: everything is tried, each file by itself, and nothing stays.
function pile.new(dry)
  return setmetatable({ parts = {}, files = 0, rows = 0, waiting = {}, keys = {}, failed = {},
    ended = dry and {} or nil }, methods)
end

-- A transaction of `file` with that many samples. told(results): once it is stored.
function methods:put(t, rows, file, told)
  self.parts[#self.parts + 1] = { t = t, file = file, told = told }
  self.keys[file.key] = true
  if told then
    self.files, self.rows = self.files + 1, self.rows + rows
  end
end

-- Something of the file with this key is not stored yet.
function methods:holds(key)
  return self.keys[key] ~= nil
end

-- A file that was read to its end; told so that a dry run, too, knows the same file a second time.
function methods:finished(file, body)
  if self.ended then
    self.ended[file.key] = { body = body }
  end
end

function methods:read(key)
  return self.ended and self.ended[key]
end

function methods:is_full()
  return self.files >= MOST_FILES or self.rows >= MOST_ROWS
end

-- done(why): once all of the file is stored (why: nil), or why it was not. At once where nothing waits.
function methods:after(file, done)
  if self:holds(file.key) then
    self.waiting[#self.waiting + 1] = { file = file, done = done }
  else
    done(self.failed[file])
  end
end

-- Why nothing of the file can be stored any more, or nil.
function methods:failure(file)
  return self.failed[file]
end

local function tell(self, parts, done, failed)
  for i, part in ipairs(parts) do
    local trouble = failed[i]
    if trouble and trouble.code ~= "bad" and trouble.code ~= "limit" then
      return nil, trouble.message, trouble.code
    elseif trouble then -- this file's own fault: the others are stored
      self.failed[part.file] = trouble.message
    elseif part.told then
      part.told(done[i])
    end
  end
  return true
end

local function try_each(parts)
  local done, failed = {}, {}
  for i, part in ipairs(parts) do
    local results, message, code = part.t:commit(true)
    done[i], failed[i] = results or false, not results and { message = message, code = code } or nil
  end
  return done, failed
end

-- All by one commit, or none of them where they are only tried.
local function commit(self, parts)
  if self.ended then
    return try_each(parts)
  end
  local transactions = {}
  for i, part in ipairs(parts) do
    transactions[i] = part.t
  end
  return sw.txn.together(transactions)
end

-- Commit what lies here; then the files that wait for it go on, and may put more on the pile.
function methods:store()
  local parts, waiting = self.parts, self.waiting
  self.parts, self.waiting, self.keys, self.files, self.rows = {}, {}, {}, 0, 0
  if #parts > 0 then
    local ok, message, code = tell(self, parts, commit(self, parts))
    if not ok then
      return nil, message, code
    end
  end
  for _, w in ipairs(waiting) do
    w.done(self.failed[w.file])
  end
  return true
end

-- Until nothing is left to be stored.
function methods:settle()
  while #self.parts > 0 do
    local ok, message, code = self:store()
    if not ok then
      return nil, message, code
    end
  end
  return true
end

return pile

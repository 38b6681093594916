-- expect: error __mode is not allowed
setmetatable({}, { __mode = "k" })

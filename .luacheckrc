std = "lua54"
max_line_length = 110
codes = true
exclude_files = { "build*/" }
-- the trusted side gets its primitives from C as modules of the global `sw`
files["lua"] = { read_globals = { "sw" } }
files["tests/lua"] = { read_globals = { "sw" } }
files["tests/sandbox"] = { ignore = { ".*" } }

std = "lua54"
max_line_length = 110
codes = true
exclude_files = { "build*/", "lua/meta/" }
-- the trusted side gets its primitives from C as modules of the global `sw`
files["lua"] = { read_globals = { "sw" } }
files["lua/box"] = { read_globals = { "core", "load_text", "where" } }
local spec = { "sw", "describe", "it", "expect", "skip" }
files["tests/lua"] = { read_globals = spec, max_line_length = false }
files["tests/flows"] = { read_globals = spec, max_line_length = false }
files["tests/upgrade"] = { read_globals = spec, max_line_length = false }
files["tests/conformance"] = { read_globals = spec, max_line_length = false }
files["tests/bench"] = { read_globals = { "sw", "bench" }, max_line_length = false }
files["tests/providers"] = { read_globals = { "sw" }, max_line_length = false }
files["tests/support"] = { read_globals = spec, max_line_length = false }
local testing = { "describe", "it", "expect", "skip" }
files["lua/new"] = { read_globals = testing }
files["tests/scripts"] = { read_globals = testing, max_line_length = false }
files["tests/sandbox"] = { ignore = { ".*" } }

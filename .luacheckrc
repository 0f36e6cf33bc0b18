std = "lua54"
read_globals = { "VQ", "args", "help", "iPACS", string = { fields = { "split", "trim" } } }
max_line_length = 120
files["examples/batch_*.lua"] = { globals = { "setup", "process", "summary" } } -- what a batch calls
files["vqscript/host/lua"] = { not_globals = { "VQ", "args", "help", "iPACS" } } -- the host's own half

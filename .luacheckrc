std = "lua54"
read_globals = { "VQ", "args", "help", "iPACS", string = { fields = { "split", "trim" } } }
max_line_length = 120

std = "lua54"
read_globals = { "VQ", "args", "help", "iPACS" }
max_line_length = 120

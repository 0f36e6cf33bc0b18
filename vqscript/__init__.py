"""vqscript: an embedded Lua scripting host for imaging analysis."""

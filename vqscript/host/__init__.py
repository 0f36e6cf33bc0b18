"""The Lua side, and the only place that knows Lua."""

"""Scripts on a loaded study."""

from __future__ import annotations

import pytest

from vqscript.errors import ScriptError

OPEN = """
local dm, mw, mm, ctl = VQ.dataManager(), VQ.mainWin(), VQ.minMaxTool(), VQ.controler()
local function op(name) mw:setViewMode("Slice View", name) return VQ.currentOp() end
"""


@pytest.fixture
def loaded(desk, mice):
    """Input 0 is the CT of scan 0, input 1 its SPECT in uCi."""
    desk.load(mice, 0, "CT", "NM")
    return desk


@pytest.fixture
def lua(loaded):
    """Run Lua on the loaded study, the usual objects at hand; returns what it printed."""
    return lambda code: loaded.run(OPEN + code)


@pytest.fixture
def fails(lua):
    """Run Lua that must fail; returns the error."""

    def fails(code: str) -> ScriptError:
        with pytest.raises(ScriptError) as caught:
            lua(code)
        assert caught.value.kind != "InternalError", str(caught.value)
        return caught.value

    return fails

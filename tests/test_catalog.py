"""The catalog: every name that scripts know is declared, documented and convertible."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from lupa.lua54 import LuaRuntime

import vqscript.vq
from vqscript.host.convert import converter
from vqscript.host.source import prepare
from vqscript.vq.catalog import Member, fields, members

MODULES = [
    importlib.import_module(f"vqscript.vq.{module.name}") for module in pkgutil.iter_modules(vqscript.vq.__path__)
]
CLASSES = {
    owner.__name__: owner
    for module in MODULES
    for _, owner in inspect.getmembers(module, inspect.isclass)
    if owner.__module__ == module.__name__ and (members(owner) or fields(owner))
}
ALL = [member for owner in CLASSES.values() for member in members(owner).values()]

each_member = pytest.mark.parametrize("member", ALL, ids=lambda member: f"{member.owner}.{member.name}")

# Names attested in published VivoScripts: they keep their spelling.
ATTESTED = {
    "VQ": """dataManager mainWin minMaxTool controler currentOp sliceViewer vtkController vtkViewer applicationName
        index centerCursor suspend abort showMessage askYesNoQuestion getText getItem getLocalPath
        fileExists folderExists readFile writeFile mkdir preProcess""",
    "DataManager": """size voxelSizeX voxelSizeY voxelSizeZ getMin getMax getMinCached getMaxCached setMinMaxCache
        getDesc getDcmString setPalette getPaletteName setPaletteFromTo swapData""",
    "MainWin": """setViewMode setupLayoutSlice setupLayout1x4 switchCrosshair switchCornerInfo switchShowActive
        showMinMaxTool saveImage saveMovie saveSession""",
    "Controler": "setPos setRange setPal setShowROIs",
    "MinMaxTool": "updateMIP",
    "SliceViewer": "toggleShowInput2",
    "VtkController": "setMIPEnabled setMPREnabled setAnnotationEnabled disableAxes setOrientEnabled resetCamera",
    "VtkViewer": "setEnableGradient renderUpdate",
    "RoiTool": """numROIs getROIDetails getROICenterOfMass addROI editROI cutROI applyErode clearAllROIs setInputROI""",
    "Cropping": "executeCropping",
}

# Ours, named in the scripting interface.
OURS = {
    "VQ": "controller dicomRepository log progress",
    "DataManager": "open dim unit setUnit convertUnit provenance value duplicate remove clear tags",
    "MainWin": "loadSession",
    "Controler": "setShow setOpacity",
    "MinMaxTool": "setMinMax clipMin clipMax",
    "RoiTool": """removeROI setVisible find addLayer setActiveLayer statistics table exportTable load save
        sphere box cylinder ellipsoid threshold isocontour connected otsu largest fillHoles dilate erode open close
        union intersect subtract""",
    "Arithmetics": """scalarAdd scalarSub scalarMult scalarDiv add sub mult div abs log exp sqrt pow clip threshold
        invert""",
    "Cropping": "setRange",
    "DicomRepository": "findStudies findSeries fetch store tags dataPoints url kind",
}

IPACS = """getStudies getSeries load store getROIs mergeROIs submitROIs getInjectedDose getQuantification setSubject
    dcmRep repository_url project"""


@pytest.mark.parametrize(
    ("owner", "name"),
    [(owner, name) for known in (ATTESTED, OURS) for owner, names in known.items() for name in names.split()],
)
def test_the_name_exists(owner, name):
    assert name in members(CLASSES[owner]) or name in fields(CLASSES[owner])


def test_ipacs_has_its_names():
    from vqscript import resources

    code = (resources.stdlib() / "ipacs.lua").read_text(encoding="utf-8")
    missing = [name for name in IPACS.split() if f"methods.{name}(" not in code and f"  {name} = " not in code]
    assert missing == []


def test_something_is_declared():
    assert len(ALL) > 100


@each_member
def test_it_has_a_docstring_and_an_example(member: Member):
    assert member.doc.split("\n")[0].endswith("."), "the first line of the docstring is a sentence"
    assert member.since
    assert member.name in member.example


@each_member
def test_its_example_is_lua(member: Member):
    compile_only = LuaRuntime().eval("function(code) return load(code, 'example', 't') end")
    compiled = compile_only(prepare(member.example))
    assert not isinstance(compiled, tuple), compiled


@each_member
def test_every_hint_has_a_converter(member: Member):
    for parameter in member.parameters:
        assert callable(converter(parameter.type))
    for hint in ([member.rest] if member.rest is not None else []) + list((member.options or {}).values()):
        assert callable(converter(hint))


@each_member
def test_its_first_parameter_is_not_of_its_own_class(member: Member):
    """Or dm.swap(dm) could not be told from dm:swap()."""
    if member.parameters:
        assert not accepts(member.parameters[0].type, CLASSES[member.owner])


@each_member
def test_required_parameters_come_first(member: Member):
    required = [parameter.required for parameter in member.parameters]
    assert required == sorted(required, reverse=True)
    assert not any(parameter.name.endswith("_") for parameter in member.parameters)


@each_member
def test_its_result_can_cross(member: Member):
    assert crosses(member.returns), member.returns


def accepts(hint: Any, owner: type) -> bool:
    """Whether a parameter takes objects of a class."""
    if get_origin(hint) is not None:
        return any(accepts(arg, owner) for arg in get_args(hint))
    return inspect.isclass(hint) and hint in owner.__mro__ and hint is not object


def crosses(hint: Any) -> bool:
    """Whether values of a type can be handed to a script."""
    if hint in (int, float, str, bool, type(None), Any) or hint is ...:
        return True
    if get_origin(hint) is not None:
        return all(crosses(arg) for arg in get_args(hint))
    if is_typeddict(hint):
        return all(crosses(field) for field in get_type_hints(hint).values())
    return inspect.isclass(hint) and (bool(members(hint) or fields(hint)) or "Operator" in hint.__name__)

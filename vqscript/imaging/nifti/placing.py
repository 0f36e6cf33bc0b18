"""Where the voxels of a NIfTI file are: its matrices in RAS, and the grid in LPS.

RAS and LPS differ in the sign of x and y. The voxels keep their order; only the matrix turns.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np

from vqscript.errors import GeometryError
from vqscript.imaging.grid import Float, Grid
from vqscript.imaging.nifti.header import Header

_TURN = np.diag([-1.0, -1.0, 1.0, 1.0])

_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # unknown, m, mm, um
_SECONDS = {0: 1.0, 8: 1.0, 16: 1e-3, 24: 1e-6}  # unknown, s, ms, us
_NEAR, _FAR = 1e-9, 1e9  # of any unit: outside these is no voxel and no patient
MM_AND_SECONDS = 2 | 8
MM = 2

_SPACES = {1: "scanner", 2: "aligned", 3: "Talairach", 4: "MNI 152", 5: "another template"}


def grid_of(header: Header) -> tuple[Grid, list[str]]:
    """Return the grid of a NIfTI file, and warnings.

    The sform is taken if its code is positive, else the qform if its code is, else the voxel sizes alone
    (methods 3, 2 and 1 of nifti1.h).

    Raises
    ------
    GeometryError
        If a voxel has no size.
    """
    warnings: list[str] = []
    lps = _TURN @ _matrix(header, warnings)
    lps[:3] *= _length_unit(int(header.fields["xyzt_units"]), warnings)
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    direction = lps[:3, :3] / spacing + 0.0  # no negative zeros
    origin = lps[:3, 3] + 0.0
    grid = Grid(header.size, (spacing[0], spacing[1], spacing[2]), (origin[0], origin[1], origin[2]), direction)
    if grid.sheared:
        gram = np.abs(direction.T @ direction - np.eye(3))
        away = math.degrees(math.asin(min(float(gram.max()), 1.0)))
        warnings.append(f"the voxel axes are {away:.2f} degrees off a right angle, which the geometry keeps")
    return grid, warnings


def frame_step(header: Header) -> tuple[float, list[str]]:
    """Return the seconds from one frame to the next, 0 if the file does not say, and warnings."""
    step = float(header.fields["pixdim"][4])
    if header.frames == 1 or not (math.isfinite(step) and step > 0):
        return 0.0, []
    code = int(header.fields["xyzt_units"]) & 0x38
    if code not in _SECONDS:
        return 0.0, [f"the {header.frames} frames are not counted by time (unit code {code})"]
    return step * _SECONDS[code], [] if code else ["the header gives no unit of time: seconds are assumed"]


def place(grid: Grid, fields: Any) -> None:
    """Write a grid into the fields of a header: the sform, and the qform unless the grid is sheared."""
    ras = _TURN @ grid.affine
    fields["srow"] = ras[:3] + 0.0
    fields["sform_code"] = 1
    fields["pixdim"][0, :4] = (1.0, *grid.spacing)
    if grid.sheared:
        return  # a quaternion holds no shear
    rotation = ras[:3, :3] / np.asarray(grid.spacing)
    if np.linalg.det(rotation) < 0:
        rotation[:, 2] *= -1
        fields["pixdim"][0, 0] = -1.0
    fields["quatern"] = quaternion(rotation)[1:]
    fields["qoffset"] = ras[:3, 3] + 0.0
    fields["qform_code"] = 1


def quaternion(rotation: Float) -> Float:
    """Return the unit quaternion (a, b, c, d) of a rotation matrix, with a >= 0.

    It is the eigenvector of the largest eigenvalue of a symmetric matrix (Bar-Itzhack 2000), which holds for
    every angle, half a turn included, and for a matrix that is a rotation but for rounding.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation.tolist()
    symmetric = np.array(
        [
            [xx + yy + zz, zy - yz, xz - zx, yx - xy],
            [zy - yz, xx - yy - zz, xy + yx, xz + zx],
            [xz - zx, xy + yx, yy - xx - zz, yz + zy],
            [yx - xy, xz + zx, yz + zy, zz - xx - yy],
        ]
    )
    vector: Float = np.linalg.eigh(symmetric)[1][:, -1]
    return -vector if vector[0] < 0 else vector


def _matrix(header: Header, warnings: list[str]) -> Float:
    """Return the (4, 4) matrix from voxel indices to RAS, in the file's unit of length."""
    fields = header.fields
    codes = {"sform": int(fields["sform_code"]), "qform": int(fields["qform_code"])}
    made = {"sform": _sform(fields), "qform": _qform(header)}
    usable = {name: matrix for name, matrix in made.items() if codes[name] > 0 and matrix is not None}
    warnings += [
        f"the {name} (code {code}) is no matrix that places voxels, and is left out"
        for name, code in codes.items()
        if code > 0 and name not in usable
    ]
    if not usable:
        warnings.append(
            "no sform and no qform: where the image lies is unknown, and x, y, z are taken as right, anterior, superior"
        )
        return np.diag([*_voxel_size(header, warnings), 1.0])
    name, matrix = next(iter(usable.items()))
    if len(usable) == 2:
        apart = _distance(matrix, usable["qform"], header.size)
        smallest = float(np.linalg.norm(matrix[:3, :3], axis=0).min())
        if apart > 0.5 * smallest:
            spaces = [_SPACES.get(codes[one], f"code {codes[one]}") for one in ("sform", "qform")]
            warnings.append(
                f"sform ({spaces[0]}) and qform ({spaces[1]}) place voxels up to {apart / smallest:.3g} voxels apart: "
                "the sform is used"
            )
    if codes[name] > 2:
        warnings.append(
            f"the coordinates are those of a template ({_SPACES.get(codes[name], codes[name])}), not the patient's"
        )
    return matrix


def _sform(fields: Any) -> Float | None:
    with np.errstate(invalid="ignore"):  # a NaN that signals, as damage makes them; it is refused like any other
        rows = fields["srow"].astype(np.float64)
    return _usable(np.vstack([rows, [0.0, 0.0, 0.0, 1.0]]))


def _qform(header: Header) -> Float | None:
    fields = header.fields
    b, c, d = (float(part) for part in fields["quatern"])
    rest = 1.0 - (b * b + c * c + d * d)
    if not rest > -1e-3:
        return None
    # Half a turn: what is left of 1 after rounding to float32 is no rotation (as in nifti_quatern_to_mat44).
    if rest < 1e-7:
        length = math.sqrt(b * b + c * c + d * d)
        a, b, c, d = 0.0, b / length, c / length, d / length
    else:
        a = math.sqrt(rest)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    size = np.array(_voxel_size(header, [])) if int(fields["qform_code"]) > 0 else np.ones(3)
    if fields["pixdim"][0] < 0:
        size[2] *= -1
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * size
    matrix[:3, 3] = fields["qoffset"]
    return _usable(matrix)


def _usable(matrix: Float) -> Float | None:
    """Return the matrix if its numbers are lengths and its axes span a space, else None."""
    if not (np.abs(matrix) < _FAR).all():  # NaN is no length either
        return None
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    if not lengths.min() > _NEAR:
        return None
    return matrix if abs(np.linalg.det(matrix[:3, :3] / lengths)) > 0.01 else None


def _voxel_size(header: Header, warnings: list[str]) -> list[float]:
    """Return pixdim of x, y, z; the sign that some old files have says nothing."""
    sizes = [abs(float(part)) for part in header.fields["pixdim"][1:4]]
    for k, (size, count) in enumerate(zip(sizes, header.size, strict=True)):
        if _NEAR < size < _FAR:
            continue
        if count > 1:
            raise GeometryError(f"its voxels measure {size:g} along axis {k + 1}, which cannot be")
        sizes[k] = 1.0
        warnings.append(f"a single slice of unknown thickness along axis {k + 1}: 1 is assumed")
    return sizes


def _length_unit(code: int, warnings: list[str]) -> float:
    if code & 7 not in _MM or not code & 7:
        warnings.append("the header gives no unit of length: mm is assumed")
    return _MM.get(code & 7, 1.0)


def _distance(one: Float, other: Float, size: tuple[int, int, int]) -> float:
    corners = np.array(list(product(*((0, n - 1) for n in size), (1,))), dtype=np.float64)
    return float(np.linalg.norm((corners @ (one - other).T)[:, :3], axis=1).max())

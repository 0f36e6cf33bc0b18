"""NIfTI files in and out, for images; the turn between RAS and LPS is made here and nowhere else.

The format is one fixed header and a block of voxels, so reading and writing it is little more than two
tables (:mod:`~vqscript.imaging.nifti.header`) and a matrix (:mod:`~vqscript.imaging.nifti.placing`). A library
would bring the same, but not what a host for other people's files needs: sizes checked before anything
is allocated, a compressed file that cannot swell, and one array in memory.
"""

from vqscript.imaging.nifti.header import is_nifti_name
from vqscript.imaging.nifti.reader import read
from vqscript.imaging.nifti.writer import write

__all__ = ["is_nifti_name", "read", "write"]

"""The embedded default: a project of synthetic mice whose %ID/g is known.

``anatomy`` draws a mouse, ``phantom`` makes a project of them, ``images`` turns a scan into voxels,
``writer`` turns voxels into DICOM, ``rois`` adds what readers drew, ``project`` puts all of it into a
repository, and ``report`` compares what a script measured with what is true.
"""

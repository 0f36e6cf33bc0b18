"""DICOM images in."""

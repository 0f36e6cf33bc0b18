"""Servers that speak DICOM: over DIMSE, DICOMweb, or Orthanc's REST interface, behind one small protocol."""

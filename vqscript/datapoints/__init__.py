"""ROI objects, quantification and subject information as DICOM objects."""

"""A server of our own: takes, finds and sends instances for whoever speaks DICOM."""

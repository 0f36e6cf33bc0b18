"""ROI files: .rmha, SEG, RTSTRUCT."""

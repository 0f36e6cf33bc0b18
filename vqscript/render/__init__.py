"""Pictures: palettes, slices, projections, PNG and GIF."""

"""What a script sees: one thin class per object of the VQ tree."""

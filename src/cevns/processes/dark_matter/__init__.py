"""What processes of dark matter share: WIMPs of the halo, and chi of a dark sector from a beam."""

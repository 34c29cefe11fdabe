"""What processes are made of: terms, amplitudes, extensions, kinematics, and users' own models."""

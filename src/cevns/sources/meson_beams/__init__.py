"""What dark matter from a beam dump is made of: mesons, their decay, other channels, the flux."""

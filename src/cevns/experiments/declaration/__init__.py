"""An experiment file as checked records that know their lines."""

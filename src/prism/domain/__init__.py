"""Pure values and rules: no clock, disk, environment, network or random numbers."""

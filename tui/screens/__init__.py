"""What fills the terminal: the fleet, and what opens over it."""

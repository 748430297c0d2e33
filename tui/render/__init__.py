"""Values in, styled text out: pure functions, no clock, no terminal, no widget."""

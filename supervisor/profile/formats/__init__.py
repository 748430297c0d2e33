"""Readers of the file formats a profile may have; each turns text into plain tables and the lines they stand on."""

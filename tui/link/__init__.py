"""The dashboard's line to the engine: what it last said, and what a person wishes of it."""

"""The people's side of procdeck: the command line and the dashboard. Both are only clients of the engine."""

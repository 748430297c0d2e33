"""What the user wrote, turned into one validated model. Nothing here starts a process or touches the engine."""

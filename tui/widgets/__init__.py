"""What is on the screen. A widget draws values it is given and says what a person did; it knows no socket, no rule."""

"""`procdeck web`: the dashboard in a browser, on loopback, for whoever has the token."""

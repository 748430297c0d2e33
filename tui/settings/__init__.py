"""What a person wants of the dashboard: the settings file for all projects, and what is kept of one project's view."""

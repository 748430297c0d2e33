"""The rules, by what they are about. Their order between the rooms is in `supervisor.diagnose.rules`."""

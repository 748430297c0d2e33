"""What workers are doing and what they cost. (Why one is stuck comes from here too.)"""

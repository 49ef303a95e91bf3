"""Channels that carry alerts out, and the heartbeat's beacon."""

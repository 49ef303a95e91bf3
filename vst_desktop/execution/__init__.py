"""Orders from approval to terminal state."""

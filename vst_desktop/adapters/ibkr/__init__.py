"""Interactive Brokers through ib_insync, which ``library`` alone names."""

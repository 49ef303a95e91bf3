"""A TWS simulator that speaks the real wire protocol; shares no code with any TWS client."""

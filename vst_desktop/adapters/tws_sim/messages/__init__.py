"""Messages of the TWS protocol: requests to values, values to frames, one module a subject."""

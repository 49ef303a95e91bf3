"""Vertical Spread Trader Station: scan, propose, approve, place and watch debit verticals."""

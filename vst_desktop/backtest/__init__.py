"""The lab: strategies played over history by the code that trades (SPEC 15)."""

"""Generated from proto/ by packaging/gen_stubs.py; do not edit."""

"""What every engine runs on: clock, calendar, settings, bus, tasks, paths, logs."""

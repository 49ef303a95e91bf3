"""What goes wrong at a TWS, by name, by rule or by script: the fault panel of the simulator."""

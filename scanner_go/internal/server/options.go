package server

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// Options are what a Server is made of, whichever way the process was started.
type Options struct {
	// MaxConcurrency is how many symbols are passed over at once, at most.
	MaxConcurrency int
	// Store is the folder of the bar store; empty is none.
	Store string
	// Kernel is auto or scalar.
	Kernel string
	// Providers are the providers' settings by name, with their keys: never log them.
	Providers map[string]json.RawMessage
	// Shutdown is called by the Shutdown call, maybe more than once; nil refuses that call.
	Shutdown func()
	Log      *slog.Logger
}

func (o Options) check() error {
	switch {
	case o.MaxConcurrency < 1:
		return fmt.Errorf("max_concurrency %d is below 1", o.MaxConcurrency)
	case o.Kernel != "auto" && o.Kernel != "scalar":
		return fmt.Errorf("there is no kernel %q: choose auto or scalar", o.Kernel)
	}
	return nil
}

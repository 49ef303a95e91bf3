// Command vst-scanner is the scanner of the Vertical Spread Trader Station.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"vst/scanner/internal/server"
)

// version is stamped at build.
var version = "unstamped"

func main() { os.Exit(run()) }

func run() int {
	if len(os.Args) != 2 {
		return usage()
	}
	switch os.Args[1] {
	case "version":
		fmt.Println(version)
		return 0
	case "child":
		log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err := server.RunChild(ctx, os.Stdin, os.Stdout, log); err != nil {
			log.Error(err.Error())
			return 1
		}
		return 0
	}
	return usage()
}

func usage() int {
	fmt.Fprintln(os.Stderr, "usage: vst-scanner child | version\n  child    serve the station that started it (bootstrap line on stdin)")
	return 2
}

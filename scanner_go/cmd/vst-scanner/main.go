// Command vst-scanner is the scanner of the Vertical Spread Trader Station.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"vst/scanner/internal/certs"
	"vst/scanner/internal/server"
)

// version is stamped at build.
var version = "unstamped"

const usage = `usage: vst-scanner COMMAND
  serve         serve stations as a service of its own (serve --help)
  health        ask a service whether it serves; exit code 0 or 1 (health --help)
  certificates  make the certificates and the token for that (certificates --help)
  child         serve the station that started it (bootstrap line on stdin)
  version       print the version
`

func main() { os.Exit(run(os.Args[1:])) }

func run(arguments []string) int {
	if len(arguments) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	var err error
	switch command, rest := arguments[0], arguments[1:]; command {
	case "version":
		fmt.Println(version)
	case "child":
		// Ctrl+C in a terminal reaches the station too, which ends its child in its own order.
		signal.Ignore(os.Interrupt)
		err = logged(func(ctx context.Context, log *slog.Logger) error {
			return server.RunChild(ctx, os.Stdin, os.Stdout, log)
		}, syscall.SIGTERM)
	case "serve":
		var service server.Service
		if service, err = parseService(rest); err == nil {
			err = logged(func(ctx context.Context, log *slog.Logger) error {
				return server.RunService(ctx, service, os.Stdin, log)
			}, syscall.SIGTERM, os.Interrupt)
		}
	case "health":
		err = askHealth(rest, os.Stdout)
	case "certificates":
		err = writeCertificates(rest, os.Stdout)
	default:
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usageError{}):
		return 2
	case err != nil:
		return 1
	}
	return 0
}

// logged runs serve until it ends or a signal comes; a second signal ends the process at once.
func logged(serve func(context.Context, *slog.Logger) error, signals ...os.Signal) error {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	context.AfterFunc(ctx, stop)
	err := serve(ctx, log)
	if err != nil {
		log.Error(err.Error())
	}
	return err
}

// usageError is a wrong command line; the flag set has said so already.
type usageError struct{ error }

func parse(flags *flag.FlagSet, arguments []string) error {
	err := flags.Parse(arguments)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("%s takes no argument %q", flags.Name(), flags.Arg(0))
		fmt.Fprintln(flags.Output(), err)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return usageError{err}
	}
	return err
}

func parseService(arguments []string) (server.Service, error) {
	var s server.Service
	flags := flag.NewFlagSet("vst-scanner serve", flag.ContinueOnError)
	flags.StringVar(&s.Listen, "listen", "127.0.0.1:50051", "`address` to serve on")
	flags.StringVar(&s.CertFile, "cert", "", "`file` of the service's certificate, PEM")
	flags.StringVar(&s.KeyFile, "key", "", "`file` of its key, PEM")
	flags.StringVar(&s.ClientCAFile, "client-ca", "", "`file` of the authority that signed the stations' certificates, PEM")
	flags.StringVar(&s.TokenFile, "token-file", os.Getenv("VST_SCANNER_TOKEN_FILE"), "`file` of the token, - for stdin; also VST_SCANNER_TOKEN_FILE")
	flags.StringVar(&s.ProvidersFile, "providers-file", os.Getenv("VST_SCANNER_PROVIDERS_FILE"),
		"`file` of the bar providers' settings and keys, JSON, - for stdin; also VST_SCANNER_PROVIDERS_FILE")
	flags.StringVar(&s.Store, "store", "", "`folder` of the bar store; empty keeps nothing")
	flags.StringVar(&s.Kernel, "kernel", "auto", "auto or scalar")
	flags.IntVar(&s.MaxConcurrency, "max-concurrency", 50, "symbols passed over at once, at most")
	flags.StringVar(&s.MetricsListen, "metrics", "", "`address` of the Prometheus endpoint, such as 127.0.0.1:9090; empty is none")
	flags.BoolVar(&s.Profiles, "pprof", false, "also serve profiles there; loopback only")
	err := parse(flags, arguments)
	return s, err
}

// healthPatience is below what container engines give a health check.
const healthPatience = 5 * time.Second

func askHealth(arguments []string, out io.Writer) error {
	var p server.Probe
	flags := flag.NewFlagSet("vst-scanner health", flag.ContinueOnError)
	flags.StringVar(&p.Address, "address", "127.0.0.1:50051", "`address` of the service")
	flags.StringVar(&p.ServerName, "name", "", "`name` in its certificate; empty is the address's host")
	flags.StringVar(&p.CAFile, "ca", "", "`file` of the authority that signed its certificate, PEM")
	flags.StringVar(&p.CertFile, "cert", "", "`file` of a station's certificate, PEM")
	flags.StringVar(&p.KeyFile, "key", "", "`file` of its key, PEM")
	flags.StringVar(&p.TokenFile, "token-file", os.Getenv("VST_SCANNER_TOKEN_FILE"), "`file` of the token, - for stdin; also VST_SCANNER_TOKEN_FILE")
	if err := parse(flags, arguments); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), healthPatience)
	defer cancel()
	if err := p.Health(ctx, os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return err
	}
	fmt.Fprintln(out, "serving")
	return nil
}

func writeCertificates(arguments []string, out io.Writer) error {
	var hosts []string
	flags := flag.NewFlagSet("vst-scanner certificates", flag.ContinueOnError)
	dir := flags.String("out", "", "`folder` to write to; nothing in it is overwritten")
	flags.Func("host", "`name` or address that stations call the service by; may be given several times", func(host string) error {
		hosts = append(hosts, host)
		return nil
	})
	err := parse(flags, arguments)
	if err == nil && (*dir == "" || len(hosts) == 0) {
		fmt.Fprintln(flags.Output(), "--out and --host are needed")
		err = usageError{errors.New("--out and --host are needed")}
	}
	if err != nil {
		return err
	}
	names, err := certs.Write(*dir, hosts, time.Now())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return err
	}
	for _, name := range names {
		fmt.Fprintln(out, name)
	}
	return nil
}

package main

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/live"
	"github.com/claimbench/claimbench/internal/reference"
)

// servers are the servers that serve can start, by name.
var servers = map[string]func(context.Context, net.Listener) error{
	"upstream": reference.ServeUpstream,
	"null":     reference.ServeNull,
	"truth":    reference.ServeTruth,
}

func newServe() *cobra.Command {
	o := &serveOptions{}
	cmd := withExitStatus(&cobra.Command{
		Use:   "serve upstream|null|truth",
		Short: "Start one of the servers that measurements use",
		Long: `serve starts one server and prints its address. Stop it with Ctrl-C. The servers are:

  upstream  the slow service that servers under test call: GET /wait?ms=20
  null      answers every request at once; it shows the limit of a load generator
  truth     the same, and GET /truth reports how long it held the requests since the last report,
            by the kernel's receive timestamps (Linux only)`,
		Example:   "  bench serve upstream\n  bench serve null --listen 127.0.0.1:9001",
		Args:      cobra.ExactArgs(1),
		ValidArgs: []string{"upstream", "null", "truth"},
		RunE:      func(cmd *cobra.Command, args []string) error { return o.run(cmd, args[0]) },
	}, statusDone, statusError, statusInput)
	o.addFlags(cmd)
	cmd.AddCommand(newServeLive())
	return cmd
}

// serveOptions are the flags of serve.
type serveOptions struct {
	listen   string
	attached bool
}

func (o *serveOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:9000", "`address` to listen on")
	f.BoolVar(&o.attached, "attached", false, "stop when the standard input ends")
	must(f.MarkHidden("attached"))
}

func (o *serveOptions) run(cmd *cobra.Command, name string) error {
	serve, ok := servers[name]
	if !ok {
		return advice.BadInput("use upstream, null or truth", "unknown server %q", name)
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return advice.BadInput("choose another address with --listen", "serve %s: %w", name, err)
	}
	defer func() { _ = listener.Close() }() // the process exits next
	fmt.Fprintf(cmd.OutOrStdout(), "http://%s\n", listener.Addr())
	ctx, stop := context.WithCancel(cmd.Context())
	defer stop()
	if o.attached {
		go func() {
			_, _ = io.Copy(io.Discard, cmd.InOrStdin())
			stop()
		}()
	}
	return serve(ctx, listener)
}

// newServeLive returns the command with which a run starts the process of its live page.
func newServeLive() *cobra.Command {
	return withExitStatus(&cobra.Command{
		Use:    "live",
		Short:  "Serve the live page of the run that started this process",
		Hidden: true,
		// A parent starts every server with the flags of serve. The listener comes from the parent here.
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listener, err := live.Inherited()
			if err != nil {
				return advice.BadInput("use bench run --listen to serve the page of a run", "%w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "http://%s\n", listener.Addr())
			_ = cpuset.Idle() // the page works without it
			return live.Serve(cmd.Context(), listener, cmd.InOrStdin())
		},
	}, statusDone, statusError, statusInput)
}

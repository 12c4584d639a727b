package main

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/cpuset"
	"github.com/claimbench/claimbench/internal/live"
	"github.com/claimbench/claimbench/internal/reference"
)

func newServe() *cobra.Command {
	listen, attached := "127.0.0.1:9000", false
	kinds := map[string]func(context.Context, net.Listener) error{
		"upstream": reference.ServeUpstream, "null": reference.ServeNull, "truth": reference.ServeTruth,
	}
	cmd := &cobra.Command{
		Use: "serve upstream|null|truth", Short: "Serve one of the servers that measurements lean on, by hand",
		Long: `upstream  the slow service that targets call: GET /wait?ms=20
null      answers every request at once: what is measured against it is the load generator's own limit
truth     the same, and GET /truth tells how long it held the requests since it was last asked, by the
          kernel's receive stamps: what a load generator should have reported (Linux)`,
		Args: cobra.ExactArgs(1), ValidArgs: []string{"upstream", "null", "truth"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "live" { // as a run starts it
				listener, err := live.Inherited()
				if err != nil {
					return badInput("bench run --listen serves the page of a run", "%w", err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "http://%s\n", listener.Addr())
				cpuset.Idle() // or, where that cannot be, as the system sees fit
				return live.Serve(cmd.Context(), listener, cmd.InOrStdin())
			}
			serve, ok := kinds[args[0]]
			if !ok {
				return badInput("known are upstream, null and truth", "unknown server %q", args[0])
			}
			listener, err := net.Listen("tcp", listen)
			if err != nil {
				return badInput("choose another address with --listen", "%w", err)
			}
			defer listener.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "http://%s\n", listener.Addr())
			ctx, stop := context.WithCancel(cmd.Context())
			defer stop()
			if attached {
				go func() {
					io.Copy(io.Discard, cmd.InOrStdin())
					stop()
				}()
			}
			return serve(ctx, listener)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", listen, "address to listen on")
	cmd.Flags().BoolVar(&attached, "attached", false, "end when the standard input does")
	cmd.Flags().MarkHidden("attached")
	return cmd
}

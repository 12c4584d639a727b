package main

import (
	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/reference"
)

func newUpstream() *cobra.Command {
	listen := "127.0.0.1:9000"
	cmd := &cobra.Command{
		Use: "upstream", Short: "Serve the slow service that targets call, for a stack started by hand",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return reference.ServeUpstream(cmd.Context(), listen) },
	}
	cmd.Flags().StringVar(&listen, "listen", listen, "address to listen on")
	return cmd
}

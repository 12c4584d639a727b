package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/claimbench/claimbench/internal/advice"
	"github.com/claimbench/claimbench/internal/report"
	"github.com/claimbench/claimbench/internal/strictyaml"
)

func addBrandFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "brand", "", "YAML `file` with title, client, author and logo of the report")
	completeFile(cmd, "brand", "yaml", "yml")
}

// loadBrand reads a brand file; it returns nil if none is named.
func loadBrand(file string) (*report.Brand, error) {
	if file == "" {
		return nil, nil
	}
	b, err := report.LoadBrand(file)
	var input *strictyaml.InputError
	if err != nil && !errors.As(err, &input) {
		return nil, advice.BadInput("pass a YAML file with title, client, author or logo", "--brand: %w", err)
	}
	return b, err
}

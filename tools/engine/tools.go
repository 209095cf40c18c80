//go:build tools

// Package tools pins the Pulumi engine: its command line is built from this module where no
// download of it is to be had.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"

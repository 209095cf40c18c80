//go:build tools

// Package tools pins the language hosts of Node and Python. Their own modules are not published; the last release of
// the SDK that still contains them serves today's engine and SDKs as well.
package tools

import (
	_ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"
	_ "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python"
)

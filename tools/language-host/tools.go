//go:build tools

// Package tools pins the Node language host. Its own module is not published; the last release of
// the SDK that still contains it serves today's engine and SDK as well.
package tools

import _ "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs"

// Command caddy is the pinned Caddy release that offers one TLS 1.3 cipher suite only.
//
// Go does not make the TLS 1.3 suites configurable and prefers AES-128-GCM whenever a client offers
// it. The two package variables of crypto/tls that hold its preference stay reachable for the linker;
// both are cut down to TLS_AES_256_GCM_SHA384 before Caddy starts, so what the relay promises about
// the cipher is what every handshake negotiates.
package main

import (
	"crypto/tls"
	_ "unsafe" // for go:linkname

	caddycmd "github.com/caddyserver/caddy/v2/cmd"

	_ "github.com/caddyserver/caddy/v2/modules/standard"
)

//go:linkname suitesWithAES crypto/tls.defaultCipherSuitesTLS13
var suitesWithAES []uint16

//go:linkname suitesWithoutAES crypto/tls.defaultCipherSuitesTLS13NoAES
var suitesWithoutAES []uint16

func main() {
	suitesWithAES = []uint16{tls.TLS_AES_256_GCM_SHA384}
	suitesWithoutAES = []uint16{tls.TLS_AES_256_GCM_SHA384}
	caddycmd.Main()
}

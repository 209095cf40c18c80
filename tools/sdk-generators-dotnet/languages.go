package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/pulumi/pulumi/pkg/v3/codegen/dotnet"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// generate calls the generator of the last releases whose module had one for .NET.
func generate(
	language string, pkg *schema.Package, _ schema.ReferenceLoader, request *pulumirpc.GeneratePackageRequest,
) (map[string][]byte, error) {
	if language != "dotnet" {
		return nil, fmt.Errorf("this module generates no SDK for %q", language)
	}
	// The generator downloads a logo; here it gets an empty one.
	logo := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer logo.Close()
	pkg.LogoURL = logo.URL
	return dotnet.GeneratePackage("pulumi-language-dotnet", pkg, request.ExtraFiles, request.LocalDependencies)
}

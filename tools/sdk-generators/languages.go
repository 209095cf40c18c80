package main

import (
	"fmt"

	"github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// generate calls the generators of the engine's version.
func generate(
	language string, pkg *schema.Package, loader schema.ReferenceLoader, request *pulumirpc.GeneratePackageRequest,
) (map[string][]byte, error) {
	tool := "pulumi-language-" + language
	switch language {
	case "python":
		return python.GeneratePackage(tool, pkg, request.ExtraFiles, loader)
	case "go":
		return gen.GeneratePackage(tool, pkg, request.LocalDependencies)
	case "nodejs":
		return nodejs.GeneratePackage(tool, pkg, request.ExtraFiles, request.LocalDependencies, request.Local, loader)
	}
	return nil, fmt.Errorf("the engine's module generates no SDK for %q", language)
}

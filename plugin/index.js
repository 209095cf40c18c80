// The plugin, for Pulumi's Node host: it loads this file with the engine's address as the last argument.
require("../dist/providers/plugin/main.js");

// The plugin of the pulumi-qp-tunnel that this project has installed.
require("pulumi-qp-tunnel/plugin");

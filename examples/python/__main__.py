"""A relay on this machine, a file server behind it, and a person who uses it."""

import pulumi
import pulumi_qptunnel as qptunnel

config = pulumi.Config()
namespace = config.get("namespace")  # a network namespace to be the relay; without one, the machine itself

relay = qptunnel.Relay(
    "relay",
    host={"kind": "local", **({"namespace": namespace} if namespace else {})},
    interface="qpt0",
    endpoint="203.0.113.7",
    peers=[
        # Without public_key a key pair is generated, and the private key is a secret in the state.
        qptunnel.PeerSpecArgs(name="nas"),
        qptunnel.PeerSpecArgs(name="alice", public_key="hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo="),
    ],
    services=[
        qptunnel.ServiceSpecArgs(
            name="notes", upstream=qptunnel.PeerPortArgs(peer="nas", port=3000), allow=["alice"]
        )
    ],
    grants=[qptunnel.GrantSpecArgs(from_=["alice"], to="nas", ports=["tcp/22"])],
)

pulumi.export("endpoint", relay.endpoint)
pulumi.export("url", relay.urls.apply(lambda urls: urls["notes"]))
pulumi.export("caCertificate", relay.ca_certificate)
pulumi.export("auditHead", relay.checkpoint)
# A secret: `pulumi stack output nasConfig --show-secrets` prints the file for the machine of nas.
pulumi.export("nasConfig", relay.configs.apply(lambda configs: configs["nas"]))

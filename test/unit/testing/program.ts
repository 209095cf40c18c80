import * as pulumi from "@pulumi/pulumi";

import { AuditSink, ExposedService, hosts, Peer, Relay, type RelayArgs } from "../../../components/index.js";
import { mockSshKey } from "../../../core/mocks/index.js";
import { mocks, type TunnelMocks } from "../../../testing/index.js";

export const KEY = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";
export const HOST_KEY = mockSshKey("machine");

/** Until the next one, programs run under these. */
export async function mocked(others?: Partial<pulumi.runtime.Mocks>, preview = false): Promise<TunnelMocks> {
    const plugin = mocks(others);
    await pulumi.runtime.setMocks(plugin, "office", "prod", preview);
    return plugin;
}

/** A relay with a bit of everything. */
export function office(more: Partial<RelayArgs> = {}) {
    const alice = new Peer("alice", { publicKey: KEY });
    const nas = new Peer("nas", {
        routes: ["192.168.7.0/24"],
        host: hosts.ssh({ address: "192.0.2.9", hostKey: HOST_KEY }),
    });
    const bob = new Peer("bob");
    const wiki = new ExposedService("wiki", { upstream: { peer: nas, port: 3000 }, allow: [alice] });
    const relay = new Relay("office", {
        host: hosts.local(),
        audit: new AuditSink("audit"),
        peers: [alice, nas, bob],
        services: [wiki],
        grants: [{ from: [alice, bob], to: nas, ports: ["tcp/22"] }],
        ...more,
    });
    return { alice, bob, nas, wiki, relay };
}

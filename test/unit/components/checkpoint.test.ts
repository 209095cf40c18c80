import { hosts, Peer } from "../../../components/index.js";
import { runProgram } from "../program.js";
import { hub, made } from "./relays.js";

const HASH = "0".repeat(64);

it("pins the log after the last record of everything that writes one", async () => {
    const { of } = await made();
    expect(of("hub-audit")["records"]).toEqual(
        Object.fromEntries(
            ["registry", "host", "firewall", "wireguard", "proxy", "grants", "ca-ed25519"].map((role) => [role, HASH]),
        ),
    );
});

it("comes after the machines of managed peers too, and is told where they are", async () => {
    const { of } = await made(() => ({ peers: [new Peer("nas", { host: hosts.local({ namespace: "nas" }) })] }));
    const { records, leaves } = of("hub-audit");
    expect(
        Object.keys(records as object)
            .filter((role) => role.includes("nas"))
            .sort(),
    ).toHaveLength(5);
    expect(leaves).toMatchObject([{ peer: "nas", host: { kind: "local", namespace: "nas" } }]);
});

it("comes after the script of a relay that nothing reaches", async () => {
    const { of } = await made(() => ({ host: hosts.script({ path: "relay.sh" }) }));
    expect(Object.keys(of("hub-audit")["records"] as object).sort()).toEqual(["ca-ed25519", "registry", "script"]);
});

it("is an output of the relay", async () => {
    const { outputs } = await runProgram(() => ({ pin: hub().checkpoint }));
    expect(outputs.pin).toEqual({ size: 1, head: "h", root: "r", note: "n" });
});

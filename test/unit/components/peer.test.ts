import { hosts, Peer, type PeerArgs } from "../../../components/index.js";
import { runProgram, type Registered } from "../program.js";
import { KEY } from "./relays.js";

async function peer(args?: PeerArgs): Promise<{ peer: Peer; keys: Registered[] }> {
    let found: Peer | undefined;
    const { registered } = await runProgram(() => void (found = new Peer("alice", args)));
    return { peer: found!, keys: registered.filter(({ type }) => type === "qptunnel:index:KeyPair") };
}

it("gets a key pair, unless it has its own key", async () => {
    const generated = await peer({ keyEpoch: 2 });
    expect(generated.keys).toMatchObject([{ name: "alice-key", inputs: { owner: "alice", epoch: 2 } }]);
    expect(generated.keys[0]?.inputs).not.toHaveProperty("handedOut");
    expect(generated.peer.privateKey).toBeDefined();
    const given = await peer({ publicKey: KEY });
    expect(given.keys).toEqual([]);
    expect(given.peer.privateKey).toBeUndefined();
    expect(given.peer.plain.publicKey).toBe(KEY);
});

it("forgets a private key that was handed out", async () => {
    expect((await peer({ handedOut: true })).keys[0]?.inputs).toMatchObject({ handedOut: true });
});

it("knows the machine that is managed for it", async () => {
    const host = hosts.local({ namespace: "nas" });
    expect((await peer({ host, interface: "wg7" })).peer).toMatchObject({ host, plain: { interface: "wg7" } });
});

it.each<[PeerArgs, string]>([
    [
        { interface: "wg7" },
        "peer alice.interface: has no effect without a host: the peer's own configuration has the interface name; remove it, or set the host of the managed machine",
    ],
    [
        { handedOut: true, publicKey: KEY },
        "peer alice.handedOut: has no effect with publicKey: the private key was never in the state; remove it",
    ],
    [
        { handedOut: true, host: hosts.local() },
        "peer alice.handedOut: cannot be combined with host: the machine is configured with the key from the state; remove it",
    ],
    [
        { host: hosts.script({ path: "nas.sh" }) },
        "peer alice.host: cannot be the machine of a managed peer; give hosts.local() or hosts.ssh(), or hand out configFor(peer)",
    ],
    [
        { host: hosts.local(), publicKey: KEY },
        "peer alice.publicKey: cannot be combined with host: a managed peer needs the private key; remove it: a key pair is generated",
    ],
    [
        { host: hosts.local(), expires: "2099-01-01T00:00:00Z" },
        "peer alice.expires: would leave a managed machine that cannot connect; remove it, and remove the peer from the program on that day",
    ],
    [
        { publicKey: undefined } as unknown as PeerArgs,
        "peer alice.publicKey: is set to undefined; correct the source of the value, or omit publicKey to have one generated",
    ],
])("refuses what does not go together (%#)", (args, message) => {
    expect(() => new Peer("alice", args)).toThrow(message);
});

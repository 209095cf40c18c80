import { RelayFolder } from "./shell.js";

const PLACE = { interface: "wg0", table: "qp_tunnel_wg0" };

/** An interface that somebody else brought up, and a kernel that forwards as the test says. */
const stubs = (forwarding: string, boot = "one"): string => `
interface_exists() { true; }
refuse_foreign() { true; }
boot_mark() { echo "${boot}"; }
report_network() { printf '${forwarding}'; }
`;

let relay: RelayFolder;
beforeEach(() => {
    relay = new RelayFolder();
});
afterEach(() => relay.remove());
const run = (script: string, forwarding: string, boot?: string): string =>
    relay.run(`${stubs(forwarding, boot)}\n${script}`, PLACE);

it.each([
    ["both families", "forwarding 1\\nforwarding6 1\\n", "any4 0.0.0.0/0 . 0.0.0.0/0\nany6 ::/0 . ::/0\n"],
    ["IPv4 alone", "forwarding 1\\nforwarding6 0\\n", "any4 0.0.0.0/0 . 0.0.0.0/0\n"],
    ["nothing", "forwarding 0\\nforwarding6 0\\n", ""],
])("keeps open what an interface forwards that is taken over: %s", (_, forwarding, elements) => {
    expect(run("keep_forwarding; recorded_elements", forwarding)).toBe(elements);
    // What a boot loads is closed, whoever limited it before may be gone then.
    expect(relay.read("etc/elements")).toBe("");
    expect(run("recorded_elements", forwarding, "another")).toBe("");
});

it("opens nothing again that was closed meanwhile", () => {
    const forwarding = "forwarding 1\\nforwarding6 0\\n";
    run("keep_forwarding", forwarding);
    expect(run("keep_forwarding; recorded_elements", forwarding, "another")).toBe("");
    expect(run("forget_kept; keep_forwarding; recorded_elements", forwarding)).toBe("");
});

it("says what an interface is like that may be taken over, without its private key", () => {
    const answer = run(
        `has_command() { true; }
wg() { if [[ "$3" == dump ]]; then printf 'PRIVATE\\tPUBLIC\\t51820\\toff\\nKEY\\tPSK\\t(none)\\t10.8.0.2/32\\t0\\t0\\t0\\toff\\n'; fi; }
step_adoption`,
        "mtu 1420\\n",
    );
    expect(answer).toBe(
        "@dump.wg0\n (none)\tPUBLIC\t51820\toff\n KEY\tPSK\t(none)\t10.8.0.2/32\t0\t0\t0\toff\n@network.wg0\n mtu 1420\n",
    );
    relay.write("etc/peers", "");
    relay.write("etc/interfaces", "wg0\t51820\t1\tPUBLIC\n");
    expect(run("has_command() { true; }; step_adoption", "mtu 1420\\n")).toBe("");
});

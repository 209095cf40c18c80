import { findingsOf } from "../../../../core/flows/describe.js";
import { ACCEPT, ACCESS, differences, findings, meta, payload, peer, rule, tampered, wireOf } from "./relays.js";

it("says that the relay's table is gone, and what passes without it", () => {
    const found = findings([]);
    expect(found.every(({ kind, cause }) => kind === "extra" && cause === "the table inet qp does not exist")).toBe(
        true,
    );
    expect(found.map(({ from, to, ports }) => [from, to, ports])).toContainEqual([
        "(outside)",
        "(relay), 192.168.7.0/24, alice, bob, nas",
        "all",
    ]);
});

it("joins what has one cause, and counts names beyond eight", () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`p${index}`, peer(index + 10)]));
    const access = { ...ACCESS, peers: { ...ACCESS.peers, ...many } };
    const added = rule("forward", [
        meta("oifname", "wg0"),
        meta("iifname", "wg0"),
        payload("ip", "daddr", "10.8.0.3"),
        payload("udp", "dport", 53),
        ACCEPT,
    ]);
    const found = findings(tampered(added, access), access);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ to: "bob", ports: "udp/53", packet: "udp 10.8.0.2:40000 > 10.8.0.3:53" });
    expect(found[0]?.from).toMatch(/, and \d more$/);
});

it("writes packets of protocols without ports, and answers from the other end", () => {
    const added = rule("forward", [payload("ip", "daddr", "10.8.0.3"), meta("l4proto", 47), ACCEPT]);
    const wire = wireOf(ACCESS);
    const naming = { wire, table: "qp", exists: true, routes: [] };
    const found = findingsOf(differences(tampered(added)), naming);
    expect(found.map(({ packet }) => packet)).toContainEqual("protocol 47 10.8.0.2 > 10.8.0.3");
    const [one] = differences(tampered(added));
    expect(findingsOf([{ ...one!, part: "reply" }], naming)[0]?.packet).toMatch(
        /^protocol 47 10\.8\.0\.3 > .*, a reply$/,
    );
});

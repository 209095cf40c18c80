import { statusOf, unreachableStatus } from "../../../../core/status/index.js";
import { bytes, duration, statusText } from "../../../../cli/status/render.js";
import { fingerprint } from "../../../../core/keys/index.js";
import { changed, healthy, key, known, NOW, onWire } from "../../core/status/relays.js";

it("a relay in words", () => {
    expect(statusText(statusOf(known, healthy())))
        .toBe(`office  root@203.0.113.7, wg0 on port 51820 (epoch 1), 1 of 5 peers connected

  PEER     ADDRESS           STATE      HANDSHAKE  ENDPOINT            RECEIVED      SENT  EPOCH  EXPIRES
  alice    10.8.0.2          connected  3 min ago  198.51.100.2:41000  1.50 KiB  5.00 GiB      1
  bob      10.8.0.3 fd00::3  idle       3 min ago  198.51.100.3:41000      10 B      20 B      1
  carol    10.8.0.4          never          never                           0 B       0 B
  dora     10.8.0.5          never          never                           0 B       0 B
  erik     10.8.0.6          expired                                                              2026-11-25 11:59Z
  mallory  10.8.0.9          revoked
  oscar    10.8.0.8          revoked

  SERVICE  URL                                    RUNNING  CERTIFICATE  GROUP
  notes    https://notes.qp-tunnel.internal:8444  yes          29 days  unknown
  wiki     https://wiki.qp-tunnel.internal:8443   yes         365 days  X25519MLKEM768 (at the last apply)

  drift: none
`);
});

it("a relay in words, in a terminal of 80 columns: what is too long stands below, in one piece", () => {
    const text = statusText(statusOf(known, healthy()), 80);
    expect(text.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(text).toContain(`
  PEER     ADDRESS           STATE      HANDSHAKE  RECEIVED      SENT  EPOCH
  alice    10.8.0.2          connected  3 min ago  1.50 KiB  5.00 GiB      1
    ENDPOINT 198.51.100.2:41000
`);
    expect(text).toContain("  erik     10.8.0.6          expired\n    EXPIRES 2026-11-25 11:59Z\n");
    expect(text).toContain(`
  SERVICE  URL                                    RUNNING  CERTIFICATE
  notes    https://notes.qp-tunnel.internal:8444  yes          29 days
    GROUP unknown
  wiki     https://wiki.qp-tunnel.internal:8443   yes         365 days
    GROUP X25519MLKEM768 (at the last apply)
`);
});

it("what is not as it should be, in one line", () => {
    const answer = changed((changing, peers) => {
        peers.pop();
        peers.push(onWire("intruder"));
        changing.proxy = false;
        changing.pending = ["network"];
        changing.journal = [`${NOW}\tcertificate_renew\tname=wiki`];
    });
    const text = statusText(statusOf(known, answer));
    expect(text).toContain(
        "  drift: 1 unknown peer on the interface; `pulumi up --refresh` removes them\n  drift: dora is not on wg0\n  drift: the proxy does not run\n",
    );
    expect(text).toContain("  note: a change of network waits for its confirmation\n");
    expect(text).toContain(
        "  note: The certificate of wiki was renewed, on 2026-11-25T12:00:00Z by the relay itself\n",
    );
    expect(text).toMatch(
        new RegExp(`^  ${fingerprint(key("intruder")).replace(/[+]/g, "\\+")} +10\\.8\\.0\\.99 +rogue `, "m"),
    );
});

it("a relay that could not be asked", () => {
    const text = statusText(unreachableStatus(known, "root@203.0.113.7: it cannot be reached"));
    expect(text).toMatch(/^office {2}root@203\.0\.113\.7: not reachable\n/);
    expect(text).toContain("  alice    10.8.0.2          unknown\n");
    expect(text).toMatch(/\n {2}problem: root@203\.0\.113\.7: it cannot be reached\n$/);
});

it.each([
    [0, "0 s"],
    [119, "119 s"],
    [120, "2 min"],
    [7199, "119 min"],
    [7200, "2 h"],
    [172_799, "47 h"],
    [172_800, "2 days"],
])("%d seconds are %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
});

it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [20_480, "20.0 KiB"],
    [1024 ** 2 * 999.9, "999 MiB"],
    [1024 ** 5 * 5000, "5000 PiB"],
])("%d bytes are %s", (count, text) => {
    expect(bytes(count)).toBe(text);
});

import { RelayFolder } from "./shell.js";

const PAST = 1_700_000_000;
const FUTURE = 4_000_000_000;
const SSH = "acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 22";
const WEB = "acl4_until 10.8.0.2 . 10.8.0.4 . tcp . 80";
const KEPT = "acl4 10.8.0.3 . 10.8.0.1 . tcp . 8443";

/** What touches the kernel, replaced. */
const STUBS = `
table_exists() { false; }
ss() { echo "ss $*" >>"$etc/../calls"; }
`;
const element = (until: number, of: string): string => `element\t${until}\t${of}\n`;
const right = (until: number, rule: string, why = "OPS-7\tnight shift"): string =>
    `right\t${until}\talice\t${rule}\t${why}\n`;
const SSH_RIGHT = "10.8.0.2 -> 10.8.0.4 tcp/22";

let relay: RelayFolder;
beforeEach(() => {
    relay = new RelayFolder();
    relay.write("etc/firewall.nft", "table inet t {\n    set acl4_until { type x; flags timeout; }\n}\n");
});
afterEach(() => relay.remove());
const run = (script: string): string => relay.run(`${STUBS}\n${script}`, { table: "t" });

describe("what is due", () => {
    it("is known without the lock, with the next moment", () => {
        const ask = 'if ends_due; then printf "due "; else printf "none "; fi; next_due';
        expect(run(ask)).toBe("none ");
        relay.write("etc/ends", element(FUTURE, SSH) + right(FUTURE, SSH_RIGHT));
        expect(run(ask)).toBe(`none ${FUTURE}\n`);
        relay.write("etc/peers", `key=\tpsk\t10.8.0.2/32\toff\t(none)\t${FUTURE - 5}\tcarol\n`);
        expect(run(ask)).toBe(`none ${FUTURE - 5}\n`);
        relay.write("etc/ends", element(PAST, SSH));
        expect(run(ask)).toBe(`due ${PAST}\n`);
    });
});

describe("what the kernel is told", () => {
    const told = (elements: string, ends?: string): string[] => {
        relay.write("etc/elements", elements);
        if (ends !== undefined) relay.write("etc/ends", ends);
        const text = run('elements_nft "$etc/elements"');
        return text.split("\n").filter((line) => line.startsWith("  "));
    };

    it("is the time that is left of an element, and none that has ended or has no end", () => {
        expect(told(`${KEPT}\n${SSH}\n${WEB}\n`, element(FUTURE, SSH) + element(PAST, WEB))).toEqual([
            "  10.8.0.3 . 10.8.0.1 . tcp . 8443",
            expect.stringMatching(
                /^ {2}10\.8\.0\.2 \. 10\.8\.0\.4 \. tcp \. 22 timeout (?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/,
            ),
        ]);
        expect(told(`${SSH}\n`, "")).toEqual([]);
    });

    it("is exact, with the tenth of a second in which the relay itself is first", () => {
        const seconds = Math.floor(Date.now() / 1000) + 86_400 + 3_661;
        const [line = ""] = told(`${SSH}\n`, element(seconds, SSH));
        const [, d, h, m, s, ms] = /timeout (\d+)d(\d+)h(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(line) ?? [];
        const left =
            ((Number(d) * 24 + Number(h)) * 60 + Number(m ?? 0)) * 60 + Number(s ?? 0) + Number(ms ?? 0) / 1000;
        expect(Math.abs(left - (seconds + 0.1 - Date.now() / 1000))).toBeLessThan(30);
    });

    it("is nothing of them where the table has no such sets", () => {
        relay.write("etc/firewall.nft", "table inet t {\n}\n");
        expect(told(`${KEPT}\n${SSH}\n`, element(FUTURE, SSH))).toEqual(["  10.8.0.3 . 10.8.0.1 . tcp . 8443"]);
    });

    it("is nothing that ended before a clock stepped back", () => {
        relay.write("etc/ended", `${FUTURE}\t${SSH}\n`);
        expect(told(`${SSH}\n${WEB}\n`, element(FUTURE, SSH) + element(FUTURE + 1, WEB))).toHaveLength(1);
        relay.write("etc/ended", `${FUTURE - 1}\t${SSH}\n`);
        expect(told(`${SSH}\n`)).toHaveLength(1);
    });
});

describe("ending", () => {
    const rows =
        element(PAST, SSH) +
        element(FUTURE, WEB) +
        right(PAST, SSH_RIGHT) +
        right(FUTURE, "10.8.0.2 -> 10.8.0.4 tcp/80");
    beforeEach(() => {
        relay.write("etc/elements", `${KEPT}\n${SSH}\n${WEB}\n`);
        relay.write("etc/ends", rows);
    });

    it("takes it out of the record, remembers and tells it", () => {
        run("expire_due");
        expect(relay.read("etc/elements")).toBe(`${KEPT}\n${WEB}\n`);
        expect(relay.read("etc/ends")).toBe(element(FUTURE, WEB) + right(FUTURE, "10.8.0.2 -> 10.8.0.4 tcp/80"));
        expect(relay.read("etc/ended")).toBe(`${PAST}\t${SSH}\n`);
        expect(relay.read("etc/journal")).toMatch(
            /^\d+\tright_end\tname=alice\trule=10\.8\.0\.2 -> 10\.8\.0\.4 tcp\/22\tuntil=2023-11-14T22:13:20Z\tticket=OPS-7\treason=night shift\n$/,
        );
        expect(relay.read("etc/generation")).toBe("1\n");
        expect(run("report_ended")).toBe(`@ended\n ${PAST}\t${SSH}\n`);
    });

    it("tells of it without what is not known", () => {
        relay.write("etc/ends", right(PAST, SSH_RIGHT, "\tonly a reason"));
        run("expire_due");
        expect(relay.read("etc/journal")).toMatch(/until=2023-11-14T22:13:20Z\treason=only a reason\n$/);
        expect(relay.read("etc/ends")).toBeUndefined();
    });

    it("has nothing to do a second time, and changes nothing then", () => {
        run("expire_due; expire_due");
        expect(relay.read("etc/generation")).toBe("1\n");
        expect(relay.read("etc/journal")!.match(/right_end/g)).toHaveLength(1);
    });

    it.each(["remember_ended", "replace_elements", "fill_sets", "journal_ends", "install_ends"])(
        "killed before %s, loads it no more, and the next time does the rest and tells it once",
        (point) => {
            expect(() => run(`${point}() { exit 9; }; expire_due`)).toThrow(
                /^exit status (?:9|1: @error\n line \d+ of the relay program, step start: (?:replace_elements|install_ends)\n)/,
            );
            expect(run('elements_nft "$etc/elements"')).not.toContain("tcp . 22");
            run("expire_due");
            expect(relay.read("etc/elements")).toBe(`${KEPT}\n${WEB}\n`);
            expect(relay.read("etc/journal")!.match(/right_end/g)).toHaveLength(1);
        },
    );

    it("is reported before it is done", () => {
        expect(run("report_ended")).toBe(`@ended\n 0\t${SSH}\n`);
    });
});

describe("a clock that steps", () => {
    it("has what is in the kernel timed again, once", () => {
        const filled = (): string => run("fill_sets() { echo filled; }; retime_ends");
        expect(filled()).toBe("");
        expect(relay.read("run/clock")).toBeUndefined();
        relay.write("etc/ends", element(FUTURE, SSH));
        expect([filled(), filled()]).toEqual(["", ""]);
        relay.write("run/clock", `${Number(relay.read("run/clock")) + 3600}\n`);
        expect([filled(), filled()]).toEqual(["filled\n", ""]);
    });
});

describe("a window", () => {
    const NOW = Math.floor(Date.now() / 1000);
    const WINDOW = "mon 08:00-18:00 UTC";
    const weekly = (...openings: [number, number][]): string =>
        `element\t253402300799\t${SSH}\t${WINDOW}\n` +
        openings.map(([start, end]) => `window\t${WINDOW}\t${NOW + start}\t${NOW + end}\n`).join("");
    const loaded = (): string => run('elements_nft "$etc/elements"');
    beforeEach(() => relay.write("etc/elements", `${SSH}\n`));

    it("lets pass while it is open, until it closes", () => {
        relay.write("etc/ends", weekly([-500, -400], [-50, 3000], [9000, 9999]));
        expect(loaded()).toMatch(/tcp \. 22 timeout (?:4\dm|50m)/);
        expect(run("passed_elements; report_ended")).toBe("@ended\n");
        relay.write("etc/ends", weekly([-500, -400], [9000, 9999]));
        expect(loaded()).not.toContain("tcp . 22");
        expect(run("passed_elements; report_ended")).toBe(`${SSH}\n@ended\n 0\t${SSH}\n`);
    });

    it("ends with the right at the latest", () => {
        relay.write("etc/ends", weekly([-50, 90_000]).replace("253402300799", String(NOW + 3000)));
        expect(loaded()).toMatch(/timeout (?:4\dm|50m)/);
    });

    it("is due when it opens and when it closes, and what is in the sets follows once", () => {
        const turn = (): string => run("fill_sets() { echo filled; }; turn_windows; next_due");
        relay.write("etc/ends", weekly([-500, -400], [-50, 3000], [9000, 9999]));
        expect(run("next_due")).toBe(`${NOW - 500}\n`);
        expect([turn(), turn()]).toEqual([`filled\n${NOW + 3000}\n`, `${NOW + 3000}\n`]);
        expect(relay.read("run/windows")).toBe(`${WINDOW}\n`);
        relay.write("etc/ends", weekly([9000, 9999]));
        expect(turn()).toBe(`filled\n${NOW + 9000}\n`);
        expect(relay.read("etc/generation")).toBeUndefined();
    });
});

describe("an update", () => {
    const brought = (ends: string | undefined, elements: string): [string | undefined, string | undefined] => {
        if (ends !== undefined) relay.write("work/ends", ends);
        relay.write("work/elements", elements);
        run("admitted_ends");
        return [relay.read("work/ends"), relay.read("work/elements")];
    };

    it("that was planned before does not bring back what has ended since", () => {
        relay.write("etc/ended", `${FUTURE}\t${SSH}\n`);
        expect(brought(element(FUTURE, SSH) + element(PAST, WEB), `${KEPT}\n${SSH}\n${WEB}\n`)).toEqual([
            "",
            `${KEPT}\n`,
        ]);
        expect(relay.read("etc/ended")).toBe(`${FUTURE}\t${SSH}\n${PAST}\t${WEB}\n`);
    });

    it("that gives it a later time does, and it is no longer remembered", () => {
        relay.write("etc/ended", `${FUTURE - 1}\t${SSH}\n`);
        const rows = element(FUTURE, SSH);
        expect(brought(rows, `${SSH}\n`)).toEqual([rows, `${SSH}\n`]);
        expect(relay.read("etc/ended")).toBe("");
    });

    it("of a relay whose access never ends leaves no trace of this", () => {
        expect(brought(undefined, `${KEPT}\n`)).toEqual([undefined, `${KEPT}\n`]);
    });

    it("is refused where the table has no sets for it", () => {
        relay.write("etc/firewall.nft", "table inet t {\n}\n");
        expect(() => brought(element(FUTURE, SSH), `${SSH}\n`)).toThrow(/no sets for access that ends/);
    });

    it("lets nothing pass for longer than before until the kernel is told", () => {
        relay.write("etc/ends", element(FUTURE, SSH) + element(FUTURE + 9, WEB));
        relay.write("work/ends", element(FUTURE + 5, SSH) + element(FUTURE + 5, WEB));
        run("narrow_ends");
        expect(relay.read("etc/ends")).toBe(element(FUTURE, SSH) + element(FUTURE + 5, WEB));
    });
});

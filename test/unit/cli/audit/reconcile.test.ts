import { run } from "../run.js";
import { scratchFolder } from "../scratch.js";
import { exported, KEYS, story } from "../story.js";

const scratch = scratchFolder();
const log = story();
const MARKS = [log.marks[3]!, log.marks[9]!];

const reconcile = (state: string, ...more: string[]) =>
    run(
        "audit",
        "reconcile",
        scratch.write("dev.jsonl", log.bytes),
        "--state",
        scratch.write("state.json", state),
        ...more,
    );

test("a log and a state that say the same", async () => {
    expect(await reconcile(exported(MARKS, [log.checkpoint]))).toEqual({
        code: 0,
        stdout: "14 records result in 2 peers and 1 services; the state agrees\n",
        stderr: "",
    });
});

const bob = { status: "active", publicKey: KEYS.bob2, address: "10.8.0.3" };
const caro = { status: "active", publicKey: KEYS.carol, address: "10.8.0.4" };

test.each<[string, object, string]>([
    [
        "a peer only the log knows",
        { registry: { bob } },
        "relay: peer caro: the log added it (record 3), the state does not have it",
    ],
    [
        "a peer only the state knows",
        { registry: { bob, caro, mallory: { ...bob, publicKey: KEYS.nas } } },
        "relay: peer mallory: the state has it, no record added it",
    ],
    [
        "a peer that was removed and is active",
        { registry: { bob, caro, alice: { ...bob, publicKey: KEYS.alice } } },
        "relay: peer alice: the state has it, no record added it",
    ],
    [
        "another key",
        { registry: { caro, bob: { ...bob, publicKey: KEYS.bob } } },
        `relay: peer bob: the log has key ${KEYS.bob2}, the state ${KEYS.bob}`,
    ],
    [
        "another address",
        { registry: { bob, caro: { ...caro, address: "10.8.0.9" } } },
        "relay: peer caro: the log has address 10.8.0.4, the state 10.8.0.9",
    ],
    [
        "a service that was closed",
        { services: {} },
        "relay: service notes: the log opened it (record 4), the state does not have it",
    ],
    [
        "a service nobody opened",
        { services: { notes: { port: 8443 }, wiki: { port: 8444 } } },
        "relay: service wiki: the state has it, no record opened it",
    ],
    [
        "another port",
        { services: { notes: { port: 8499 } } },
        "relay: service notes: the log has port 8443, the state 8499",
    ],
    [
        "a relay the state does not know",
        { inputs: { relay: "elsewhere" }, registry: {}, services: {} },
        "relay: relay relay: the state does not have it; in the log it has 3 peers and services",
    ],
])("%s is a difference", async (_what, relay, difference) => {
    const { code, stdout, stderr } = await reconcile(exported(MARKS, [log.checkpoint], relay));
    expect([code, stdout, stderr]).toEqual([
        1,
        `14 records result in 2 peers and 1 services; the state differs\n${difference}\n`,
        "",
    ]);
});

test("differences as JSON", async () => {
    const { code, stdout } = await reconcile(exported(MARKS, [log.checkpoint], { services: {} }), "--json");
    expect([code, JSON.parse(stdout)]).toEqual([
        1,
        {
            valid: false,
            file: expect.stringContaining("dev.jsonl"),
            records: 14,
            peers: 2,
            services: 1,
            differences: [
                {
                    relay: "relay",
                    kind: "service",
                    name: "notes",
                    problem: "the log opened it (record 4), the state does not have it",
                },
            ],
        },
    ]);
});

test("a log that lost what the state pins is refused before anything is compared", async () => {
    const state = scratch.write("state.json", exported(MARKS, [log.checkpoint]));
    const cut = scratch.write("cut.jsonl", log.texts.slice(0, 6).join(""));
    for (const command of ["reconcile", "verify"]) {
        expect(await run("audit", command, cut, "--state", state)).toEqual({
            code: 1,
            stdout: "",
            stderr: expect.stringContaining(
                `error: line 7 of ${cut}: it is missing: the log ends after 6 lines, 14 were pinned`,
            ),
        });
    }
});

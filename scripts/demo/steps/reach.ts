import type { Step } from "../step.js";
import { MACHINES, type Machine, type World, expect } from "../world.js";

export const ping: Step = {
    title: "Through the tunnel: alice pings nas",
    command: "ping 10.8.0.x",
    async run(world) {
        const output = await world
            .machine("alice")
            .run(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", world.address("nas")]);
        world.say(
            output
                .split("\n")
                .filter((line) => /bytes from|packets transmitted/.test(line))
                .join("\n"),
        );
    },
};

export const open: Step = {
    title: "The service, over TLS with post-quantum key exchange",
    command: "curl https://notes.qp-tunnel.internal:8443",
    async run(world) {
        const answer = await world.machine("alice").https({
            address: world.address("relay"),
            port: NOTES,
            ca: world.authority,
            servername: "notes.qp-tunnel.internal",
        });
        expect(answer.error === undefined, `${answer.error}: ${answer.message}`);
        world.say(`${answer.status} ${answer.body?.trim()}`);
        world.say(`${answer.protocol}, key exchange ${answer.group}, cipher ${answer.cipher}`);
        expect(answer.group === "X25519MLKEM768", "the key exchange is not X25519MLKEM768");
        expect(answer.cipher === "TLS_AES_256_GCM_SHA384", "the cipher is not AES-256-GCM");
    },
};

export const refuse: Step = {
    title: "Everybody else is refused, also who routes to inside addresses or forges one",
    async run(world) {
        const echo = await world.machine("nas").udpEcho(ECHO);
        try {
            await refuseBob(world);
            await refuseOutsiders(world, echo.program.messages);
        } finally {
            await echo.stop();
        }
    },
};

/** A peer of the relay, whose tunnel works. */
async function refuseBob(world: World): Promise<void> {
    const bob = world.machine("bob");
    const [granted, notes, direct, pinged] = await Promise.all([
        bob.udp(world.address("nas"), ECHO),
        bob.tcp(world.address("relay"), NOTES),
        bob.tcp(world.address("nas"), UPSTREAM),
        bob.ping(world.address("nas")),
    ]);
    world.say(`bob       what he is granted: ${granted}`);
    world.say(`          the service: ${notes}; around the proxy to nas: ${direct}; ping nas: ${word(pinged)}`);
    expect(granted === "open", "bob does not reach what he is granted");
    expect(notes !== "open" && direct !== "open" && !pinged, "bob reaches what he is not granted");
}

/** Two who are no peers. They know every address, route to it by way of the relay, and send in alice's name. */
async function refuseOutsiders(world: World, heard: object[]): Promise<void> {
    const before = heard.length;
    const outsiders = [
        ["stranger", MACHINES.relay.wan],
        ["printer", MACHINES.relay.lan],
    ] as const;
    const reached = await Promise.all(outsiders.map(([name, via]) => tryToGetIn(world, name, via)));
    for (const line of reached.flatMap(({ lines }) => lines)) world.say(line);
    // An answer to a forged question goes to alice; whether the question got through is seen at nas.
    const arrived = heard.length > before;
    world.say(`both      in alice's name: ${arrived ? "nas heard it" : "nas heard nothing"}`);
    expect(!arrived && reached.every(({ inside }) => !inside), "somebody gets in who is no peer");

    // The same question from alice herself is heard: the silence above is the firewall's.
    const answer = await world.machine("alice").udp(world.address("nas"), ECHO);
    expect(answer === "open" && heard.length > before, "nas does not hear alice either, so nothing is proved");
    world.say(`alice     asks nas the same: ${answer}`);
}

async function tryToGetIn(world: World, name: Machine, via: string): Promise<{ lines: string[]; inside: boolean }> {
    const machine = world.machine(name);
    expect(await machine.ping(via), `${name} does not even reach ${via}, so nothing is proved`);
    await machine.routeTo(world.network, via);
    const [notes, echo, relay, nas] = await Promise.all([
        machine.tcp(world.address("relay"), NOTES),
        machine.udp(world.address("nas"), ECHO),
        machine.ping(world.address("relay")),
        machine.ping(world.address("nas")),
    ]);
    await machine.forge(world.address("alice"));
    await machine.udp(world.address("nas"), ECHO, { from: world.address("alice") });
    const reached = `the service: ${notes}; nas: ${echo}; ping relay: ${word(relay)}; ping nas: ${word(nas)}`;
    return {
        lines: [`${name.padEnd(9)} routes by way of ${via}, which it reaches`, `${" ".repeat(10)}${reached}`],
        inside: notes === "open" || echo === "open" || relay || nas,
    };
}

const word = (answered: boolean): string => (answered ? "answered" : "no answer");

/** Ports: the service on the relay, where it really runs on nas, and what everybody is granted there. */
const NOTES = 8443;
export const UPSTREAM = 3000;
export const ECHO = 7;

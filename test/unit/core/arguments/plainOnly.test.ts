import {
    auditSinkArgs,
    digitalOceanArgs,
    localArgs,
    peerArgs,
    peerSpec,
    relayArgs,
    serviceArgs,
    sshArgs,
} from "../../../../core/arguments/index.js";
import { PLAIN_ONLY, refuseSupplied } from "../../../../core/arguments/plainOnly.js";

type Kind = keyof typeof PLAIN_ONLY;
/** As the SDK's are: an instance of a class. */
class Supplied {
    readonly __pulumiOutput = true;
}
const OUTPUT = new Supplied();

/** Arguments with an Output where a path says so, the first of each list. */
function withOutputAt(steps: string[]): unknown {
    const [step, ...rest] = steps;
    if (step === undefined) return OUTPUT;
    return step === "[]" ? [withOutputAt(rest)] : { [step]: withOutputAt(rest) };
}

const stepsOf = (path: string): string[] => path.split(/\.|(?=\[\])/);
const table = (Object.keys(PLAIN_ONLY) as Kind[]).flatMap((kind) =>
    Object.entries<{ why: string; fix?: string }>(PLAIN_ONLY[kind]).map(
        ([path, reason]) => [kind, path, reason] as const,
    ),
);

it.each(table)("refuses an Output as %s's %s, and says why and what to do", (kind, path, { why, fix }) => {
    const instead = fix ?? "give a plain value: from the stack's configuration, a file, or `await` of a StackReference";
    expect(() => refuseSupplied(kind, withOutputAt(stepsOf(path)), "thing")).toThrow(
        `thing.${path.replaceAll("[]", "[0]")}: is an Output, but ${why}; ${instead}`,
    );
});

it.each(table)("takes a plain value as %s's %s", (kind, path) => {
    const steps = stepsOf(path);
    expect(() => refuseSupplied(kind, withPlainAt(steps), "thing")).not.toThrow();
});

function withPlainAt([step, ...rest]: string[]): unknown {
    if (step === undefined) return "plain";
    return step === "[]" ? [withPlainAt(rest)] : { [step]: withPlainAt(rest) };
}

it("names every argument that is an Output and must not be one", () => {
    expect(() => refuseSupplied("relay", { subnet: OUTPUT, keyEpochs: [1, OUTPUT] }, "relay hub")).toThrow(
        /^relay hub: 2 arguments are invalid; correct them:\n {2}relay hub\.subnet: .*\n {2}relay hub\.keyEpochs\[1\]: /,
    );
});

/** What each has, and what of that may come from another resource. */
const SCHEMAS = {
    relay: [relayArgs, "peers endpoint privateKey seed routes mtu keepalive dns"],
    peer: [peerArgs, "publicKey presharedKey routes expires"],
    service: [serviceArgs, "upstream"],
    log: [auditSinkArgs, ""],
    local: [localArgs, ""],
    ssh: [sshArgs, "address hostKey user port identityFile proxyJump sudo packages privateKey"],
    digitalOcean: [digitalOceanArgs, "region size image sshKeys sshSources tags vpcUuid"],
} as const;

it.each(Object.entries(SCHEMAS))("every argument of %s takes an Output or says why not", (kind, [schema, supplied]) => {
    const takes = supplied.split(" ").filter((name) => name !== "");
    const refuses = Object.keys(PLAIN_ONLY[kind as Kind]).filter((path) => /^\w+$/.test(path));
    const all = new Set([...Object.keys(schema.shape), ...(kind === "peer" ? Object.keys(peerSpec.shape) : [])]);
    expect([...takes, ...refuses].sort()).toEqual([...all].sort());
    const shape = schema.shape as Record<string, { safeParse(value: unknown): { success: boolean; data?: unknown } }>;
    for (const name of takes) {
        const { success, data } = shape[name]!.safeParse(OUTPUT);
        expect([name, success, data === undefined]).toEqual([name, true, false]);
    }
});

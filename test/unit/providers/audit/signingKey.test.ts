import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { defaultKeyFile, formerKeyFile, keyFileOf, loadSigningKey } from "../../../../providers/audit/signingKey.js";
import { nativeSigner } from "../../../../providers/audit/primitives.js";
import { scratchProject } from "./scratch.js";

const scratch = scratchProject();
const origin = { project: "shop", stack: "dev" };
const seed = Buffer.from(Array.from({ length: 32 }, (_, n) => n));
const { publicKey } = nativeSigner(seed);

test("a key is made in the configuration directory, for its owner only, and found again", () => {
    const file = join(scratch.config, "pulumi-qp-tunnel/keys/shop/dev.key");
    expect(defaultKeyFile(origin)).toBe(file);
    const made = loadSigningKey(undefined, origin, true);
    expect(readFileSync(file, "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
    expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
    expect((statSync(dirname(file)).mode & 0o777).toString(8)).toBe("700");
    expect(loadSigningKey(undefined, origin, false).publicKey).toBe(made.publicKey);
    expect(loadSigningKey(undefined, { ...origin, stack: "prod" }, true).publicKey).not.toBe(made.publicKey);
});

test("a stack's name cannot leave the directory", () => {
    expect(defaultKeyFile({ project: "..", stack: "../../etc" })).toBe(
        join(scratch.config, "pulumi-qp-tunnel/keys/%2E./%2E.%2F..%2Fetc.key"),
    );
});

test("a key is not made when there is a log already", () => {
    expect(() => loadSigningKey(undefined, origin, false)).toThrow(
        "it is not on this machine, and the log is sealed with it; copy the key from the machine that wrote the log, " +
            "or give it with signingKey: env:NAME; a new key cannot continue the log",
    );
    expect(existsSync(scratch.config)).toBe(false);
});

test.each([
    ["hex", seed.toString("hex")],
    ["hex with a newline", `${seed.toString("hex")}\n`],
    ["base64", seed.toString("base64")],
    ["base64 without padding", seed.toString("base64").replace("=", "")],
])("a key in %s, from a file of the project or from the environment", (_form, text) => {
    writeFileSync("own.key", text, { mode: 0o600 });
    process.env["LOG_KEY"] = text;
    expect(loadSigningKey("file:own.key", origin, false).publicKey).toBe(publicKey);
    expect(loadSigningKey(`file:${join(scratch.folder, "own.key")}`, origin, false).publicKey).toBe(publicKey);
    expect(loadSigningKey("env:LOG_KEY", origin, false).publicKey).toBe(publicKey);
});

test.each(["0640", "0604", "0660"])("a key file of mode %s is refused", (mode) => {
    writeFileSync("own.key", seed.toString("hex"));
    chmodSync("own.key", Number.parseInt(mode, 8));
    expect(() => loadSigningKey("file:own.key", origin, true)).toThrow(
        `other users can read it; chmod 600 ${join(scratch.folder, "own.key")}`,
    );
});

test.each([
    ["too short", "ab".repeat(31)],
    ["too long", "ab".repeat(33)],
    ["not hex", "zz".repeat(32)],
    ["empty", " "],
])("a seed that is %s is refused and not repeated", (_what, text) => {
    process.env["LOG_KEY"] = text;
    const message = messageOf(() => loadSigningKey("env:LOG_KEY", origin, true));
    expect(message).toBe(
        "signingKey env:LOG_KEY: it is not a 32-byte seed in hex or base64; store 64 hex characters or 44 of base64",
    );
});

test("a key that stands where its place should be named is not repeated", () => {
    expect(messageOf(() => loadSigningKey(seed.toString("hex"), origin, true))).toBe(
        "signingKey: it starts with neither file: nor env:; write file:PATH or env:NAME",
    );
});

test("a variable that is not set is named", () => {
    expect(() => loadSigningKey("env:LOG_KEY", origin, true)).toThrow(
        "signingKey env:LOG_KEY: the variable is not set",
    );
});

test("what is there but no file is refused", () => {
    mkdirSync("own.key", { mode: 0o700 });
    expect(() => loadSigningKey("file:own.key", origin, true)).toThrow(
        /own\.key: it is not a regular file; give a file/,
    );
    execFileSync("mkfifo", ["-m", "600", "pipe.key"]);
    expect(() => loadSigningKey("file:pipe.key", origin, true)).toThrow(
        /pipe\.key: it is not a regular file; give a file/,
    );
});

test("no two stacks share a key, also where earlier versions gave both one name", () => {
    const [one, other] = [
        { project: "a-b", stack: "c" },
        { project: "a", stack: "b-c" },
    ];
    expect(formerKeyFile(one)).toBe(formerKeyFile(other));
    const keys = [one, other].map((each) => loadSigningKey(undefined, each, true).publicKey);
    expect(new Set(keys).size).toBe(2);
    expect([one, other].map((each) => loadSigningKey(undefined, each, false).publicKey)).toEqual(keys);
});

describe("a log that was begun with a key under its former name", () => {
    const sealed = { ...origin, publicKey };
    const former = (): string => formerKeyFile(origin);
    beforeEach(() => {
        mkdirSync(dirname(former()), { recursive: true });
        writeFileSync(former(), seed.toString("hex"), { mode: 0o600 });
    });

    test("goes on with it", () => {
        expect(loadSigningKey(undefined, origin, false, sealed).publicKey).toBe(publicKey);
        expect(keyFileOf("file:", origin, sealed)).toBe(former());
    });

    test("finds it after stack and project were renamed", () => {
        const renamed = { project: "store", stack: "production" };
        expect(loadSigningKey(undefined, renamed, false, sealed).publicKey).toBe(publicKey);
    });

    test("prefers the key in force to another one under the present name", () => {
        loadSigningKey(undefined, origin, true);
        expect(loadSigningKey(undefined, origin, false, sealed).publicKey).toBe(publicKey);
    });

    test("does not lend it to a new log", () => {
        expect(loadSigningKey(undefined, origin, true).publicKey).not.toBe(publicKey);
    });
});

function messageOf(action: () => unknown): string {
    try {
        action();
    } catch (error) {
        return (error as Error).message;
    }
    throw new Error("nothing was refused");
}

import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const sources = resolve(__dirname, "../../../scripts/toolchain/sources.mjs");

let scratch: string;
let server: Server;
let base: string;
let files: Record<string, Buffer | string>;

beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "qptunnel-download-"));
    mkdirSync(join(scratch, "release"));
    writeFileSync(join(scratch, "release/tool"), "the tool\n");
    execFileSync("tar", ["-czf", join(scratch, "tool.tar.gz"), "-C", scratch, "release"]);
    server = createServer((request, response) => {
        const body = files[request.url ?? ""];
        response.writeHead(body === undefined ? 404 : 200).end(body);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
    server.close();
    rmSync(scratch, { recursive: true });
});

describe.each(["sha256", "sha512"])("a release with a %s file beside it", (algorithm) => {
    const archive = () => readFileSync(join(scratch, "tool.tar.gz"));
    const hash = (bytes: Buffer) => createHash(algorithm).update(bytes).digest("hex");

    test("is unpacked", async () => {
        files = {
            "/tool.tar.gz": archive(),
            "/sums.txt": `${hash(Buffer.from("other"))}  other.gz\n${hash(archive())}  tool.tar.gz\n`,
        };
        expect(await download("intact")).toBe("");
        expect(readFileSync(join(scratch, "intact/tool"), "utf8")).toBe("the tool\n");
        expect(readdirSync(join(scratch, "intact"))).toEqual(["tool"]);
        rmSync(join(scratch, "intact"), { recursive: true });
    });

    test("is refused when one byte differs, and leaves nothing", async () => {
        const changed = archive();
        changed[100]! ^= 1;
        files = { "/tool.tar.gz": changed, "/sums.txt": `${hash(archive())}  tool.tar.gz\n` };
        expect(await download("changed")).toBe(
            `${base}/tool.tar.gz does not have the checksum that ${base}/sums.txt states`,
        );
        expect(leftovers("changed")).toEqual([]);
    });

    test("is refused when the file does not list it", async () => {
        files = { "/tool.tar.gz": archive(), "/sums.txt": `${hash(archive())}  another.tar.gz\n` };
        expect(await download("unlisted")).toBe(
            `${base}/tool.tar.gz does not have the checksum that ${base}/sums.txt states`,
        );
    });
});

test("a release that is not there is named, with what the server said", async () => {
    files = {};
    expect(await download("absent")).toBe(`cannot download ${base}/sums.txt: it answers 404`);
    expect(existsSync(join(scratch, "absent"))).toBe(false);
});

/** Runs the script's own function in a Node of its own; the message of its error, or nothing. */
async function download(name: string): Promise<string> {
    const program = `
        const { download } = await import(${JSON.stringify(sources)});
        const [url, checksums, directory] = process.argv.slice(1);
        await download({ url, checksums, strip: 1 }, directory).catch((error) => process.stdout.write(error.message));`;
    const args = ["--input-type=module", "-e", program, `${base}/tool.tar.gz`, `${base}/sums.txt`, join(scratch, name)];
    return (await promisify(execFile)(process.execPath, args)).stdout;
}

function leftovers(name: string): string[] {
    return readdirSync(scratch).filter((entry) => entry.startsWith(name));
}

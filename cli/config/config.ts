import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";

import type { ClientFile } from "../../core/client/formats/format.js";
import { CLIENT_FORMATS } from "../../core/client/formats/index.js";
import { renderClientConfig, type ClientConfig } from "../../core/client/config.js";
import { InvalidArgument } from "../../core/errors.js";
import { checkInterface } from "../../core/names.js";
import { tunnelNameProblem } from "../../core/client/tunnelName.js";
import { Exit, type Output, printJson } from "../output.js";
import { refuseOpenOutput, writePrivateFile } from "../privateFile.js";
import { readStack, type StateOptions } from "../state.js";
import { peerConfig } from "./peer.js";

export interface ConfigOptions extends StateOptions {
    relay?: string;
    epoch?: string;
    format: string;
    interface: string;
    output?: string;
    qr?: boolean;
    png?: string;
    json?: boolean;
}

/** `qp-tunnel config PEER`: its configuration, to standard output or into files of mode 0600. */
export async function config(peer: string, options: ConfigOptions, output: Output): Promise<number> {
    const { format, output: file, qr, png, json } = options;
    const render = Object.hasOwn(CLIENT_FORMATS, format) ? CLIENT_FORMATS[format] : undefined;
    if (render === undefined) {
        const known = Object.keys(CLIENT_FORMATS).join(", ");
        throw new InvalidArgument("--format", `${format} is unknown`, `choose ${known}`);
    }
    const scanned = qr === true || png !== undefined;
    if (scanned && format !== "wg-quick")
        throw new InvalidArgument("--format", `${format} cannot be shown as a QR code`, "remove it");
    const device = checkInterface(options.interface, "--interface");
    const epoch = epochOf(options.epoch);
    if (file === undefined && png === undefined && output.stdout === process.stdout) refuseOpenOutput(1, "-o FILE");
    const resources = await readStack(options, { secrets: true });
    const found = peerConfig(resources, { peer, relay: options.relay, epoch });
    if (scanned) {
        await draw(found, options, output);
        return Exit.fine;
    }
    const files = render(found, device);
    if (json === true) printJson(output, { peer, relay: found.relayName, format, files });
    else if (file === undefined) output.stdout.write(printed(files));
    else save(files, file);
    if (file !== undefined && files.length === 1 && format === "wg-quick") noteName(file, output);
    if (found.privateKey === undefined)
        output.stderr.write(
            `note: the private key of ${peer} is not in the state (${KEYLESS}); the file says where to insert it\n`,
        );
    return Exit.fine;
}

/** The apps and wg-quick name the tunnel after the file, and restrict the name. */
function noteName(file: string, output: Output): void {
    const name = basename(file).replace(/\.conf$/, "");
    const problem = tunnelNameProblem(name);
    if (problem === undefined) return;
    output.stderr.write(
        `note: ${basename(file)} cannot be imported under this name: ${problem}; rename the file, for instance to ${shorter(name)}.conf\n`,
    );
}

function shorter(name: string): string {
    const plain = name
        .replace(/[^A-Za-z0-9_=+.-]+/g, "-")
        .slice(0, 15)
        .replace(/^[-.]+|[-.]+$/g, "");
    return tunnelNameProblem(plain) === undefined ? plain : "tunnel";
}

const KEYLESS = "the peer has its own key, or the key was removed from the state after it was handed out";

function epochOf(text: string | undefined): number | undefined {
    if (text === undefined || /^[1-9][0-9]{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
    throw new InvalidArgument("--epoch", `${text} is not a key epoch`, "give an integer ≥ 1");
}

/** A single file as it is; several files each with its path. */
function printed(files: ClientFile[]): string {
    const [only, ...more] = files;
    if (only !== undefined && more.length === 0) return only.text;
    return files.map(({ path, text }) => `# ==> ${path} <==\n${text}`).join("\n");
}

/** A single file under the given name; several files into a folder of that name. */
function save(files: ClientFile[], name: string): void {
    const [only, ...more] = files;
    if (only !== undefined && more.length === 0) {
        writePrivateFile(name, only.text, "-o");
        return;
    }
    mkdirSync(name, { recursive: true, mode: 0o700 });
    for (const { path = "", text } of files) writePrivateFile(join(name, basename(path)), text, "-o");
}

/** The part of the package qrcode that is used here. */
interface QrCode {
    toString(text: string, options: { type: "utf8"; errorCorrectionLevel: "L" | "M" }): Promise<string>;
    toBuffer(text: string, options: { type: "png"; errorCorrectionLevel: "L" | "M"; scale: number }): Promise<Buffer>;
}

/** Bytes in the largest QR code (version 40), by error correction level: ISO/IEC 18004, table 7. */
const CAPACITY = { L: 2953, M: 2331 };

/** Many scanners need dark on light: colours 16 and 231 do not depend on the terminal's theme. */
const BLACK_ON_WHITE = "\x1b[38;5;16;48;5;231m$&\x1b[0m";

/** An app accepts a scanned configuration without a private key, and its tunnel would not work. */
async function draw(found: ClientConfig, { png, qr }: ConfigOptions, output: Output): Promise<void> {
    if (found.privateKey === undefined) {
        throw new InvalidArgument(
            qr === true ? "--qr" : "--png",
            `the private key of ${found.peerName} is not in the state (${KEYLESS}), and an app cannot add it`,
            "print the file instead, and insert the key on the peer's machine",
        );
    }
    const qrcode = require("qrcode") as QrCode;
    const text = renderClientConfig(found);
    const bytes = Buffer.byteLength(text);
    if (bytes > Math.max(...Object.values(CAPACITY))) {
        throw new InvalidArgument(
            qr === true ? "--qr" : "--png",
            `the configuration of ${found.peerName} has ${bytes} bytes, and a QR code holds ${CAPACITY.L}`,
            "write the file instead (-o FILE), or shorten it with fewer networks in AllowedIPs",
        );
    }
    if (png !== undefined) {
        // The most error correction that leaves room for the data, because an image may be printed and folded.
        const errorCorrectionLevel = bytes > CAPACITY.M ? "L" : "M";
        const image = await qrcode.toBuffer(text, { type: "png", errorCorrectionLevel, scale: 6 });
        writePrivateFile(png, image, "--png");
    }
    if (qr === true) {
        const drawn = await qrcode.toString(text, { type: "utf8", errorCorrectionLevel: "L" });
        output.stdout.write(drawn.trimEnd().replace(/^.*$/gm, BLACK_ON_WHITE));
        output.stdout.write("\n");
    }
}

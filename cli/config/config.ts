import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";

import { CLIENT_FORMATS, type ClientFile } from "../../core/clientFormats.js";
import { renderClientConfig, type ClientConfig } from "../../core/clientConfig.js";
import { InvalidArgument } from "../../core/errors.js";
import { checkInterface } from "../../core/names.js";
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

/** `qp-tunnel config PEER`: her configuration, to standard output or into files of mode 0600. */
export async function config(peer: string, options: ConfigOptions, output: Output): Promise<number> {
    const { format, output: file, qr, png, json } = options;
    const render = Object.hasOwn(CLIENT_FORMATS, format) ? CLIENT_FORMATS[format] : undefined;
    if (render === undefined) {
        const known = Object.keys(CLIENT_FORMATS).join(", ");
        throw new InvalidArgument("--format", `${format} is unknown`, `say ${known}`);
    }
    const scanned = qr === true || png !== undefined;
    if (scanned && format !== "wg-quick")
        throw new InvalidArgument("--format", `${format} is nothing that an app scans`, "leave it out");
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
    if (found.privateKey === undefined)
        output.stderr.write(
            `note: ${peer} keeps her private key to herself; the file says where she puts it (${KEYLESS})\n`,
        );
    return Exit.fine;
}

const KEYLESS = "it was brought along, or dropped from the state once handed out";

function epochOf(text: string | undefined): number | undefined {
    if (text === undefined || /^[1-9][0-9]{0,8}$/.test(text)) return text === undefined ? undefined : Number(text);
    throw new InvalidArgument("--epoch", `${text} is no key epoch`, "give a whole number from 1 on");
}

/** One file as it is; of several each under the path where it belongs. */
function printed(files: ClientFile[]): string {
    const [only, ...more] = files;
    if (only !== undefined && more.length === 0) return only.text;
    return files.map(({ path, text }) => `# ==> ${path} <==\n${text}`).join("\n");
}

/** One file under the name given; several into the folder of that name. */
function save(files: ClientFile[], name: string): void {
    const [only, ...more] = files;
    if (only !== undefined && more.length === 0) {
        writePrivateFile(name, only.text, "-o");
        return;
    }
    mkdirSync(name, { recursive: true, mode: 0o700 });
    for (const { path = "", text } of files) writePrivateFile(join(name, basename(path)), text, "-o");
}

/** As much of the package qrcode as is used here. */
interface QrCode {
    toString(text: string, options: { type: "utf8"; errorCorrectionLevel: "L" | "M" }): Promise<string>;
    toBuffer(text: string, options: { type: "png"; errorCorrectionLevel: "L" | "M"; scale: number }): Promise<Buffer>;
}

/** The app makes a tunnel of whatever it scans, and one without a key would just not work. */
async function draw(found: ClientConfig, { png, qr }: ConfigOptions, output: Output): Promise<void> {
    if (found.privateKey === undefined) {
        throw new InvalidArgument(
            qr === true ? "--qr" : "--png",
            `the private key of ${found.peerName} is not in the state (${KEYLESS}), and an app cannot add it`,
            "print the file instead, and let her paste it where her key is",
        );
    }
    const qrcode = require("qrcode") as QrCode;
    const text = renderClientConfig(found);
    if (png !== undefined) {
        const image = await qrcode.toBuffer(text, { type: "png", errorCorrectionLevel: "M", scale: 6 });
        writePrivateFile(png, image, "--png");
    }
    if (qr === true) output.stdout.write(await qrcode.toString(text, { type: "utf8", errorCorrectionLevel: "L" }));
}

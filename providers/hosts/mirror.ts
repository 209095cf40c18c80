import { COMPARED, type MirrorTransport } from "../audit/mirror.js";
import { runStep, type Target } from "./host.js";

/** The copy of the log on the relay itself, as root there alone can read it. */
export function relayMirror(target: Target): MirrorTransport {
    return {
        async status() {
            const { bytes = "0", tail = "" } = await runStep(target, "mirror", { do: "status", length: COMPARED });
            return { bytes: Number(bytes), tail: Buffer.from(tail, "base64") };
        },
        async append(offset, bytes) {
            await runStep(target, "mirror", { do: "append", offset }, { content: bytes.toString("base64") });
        },
        async read(offset, length) {
            const { content = "" } = await runStep(target, "mirror", { do: "read", offset, length });
            return Buffer.from(content, "base64");
        },
    };
}

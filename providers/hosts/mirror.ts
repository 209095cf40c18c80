import { HostError } from "../../core/errors.js";
import { REPAIR } from "../../core/repair.js";
import type { Answers } from "../../core/protocol/steps.js";
import { COMPARED, type MirrorStatus, type MirrorTransport } from "../audit/mirror.js";
import { describeHost } from "./descriptors.js";
import { runStep, type Target } from "./host.js";

/** The machine has no records of the relay any more: it was rebuilt, or they were removed. */
export class RelayGone extends HostError {
    constructor({ host }: Target) {
        super(
            describeHost(host),
            "the relay is not set up there: the machine was rebuilt, or its records were removed",
            `run ${REPAIR}, which sets it up again`,
        );
    }
}

/** The copy of the log on the relay itself, as root there alone can read it. */
export function relayMirror(target: Target): MirrorTransport {
    const statusIn = ({ missing, bytes = "0", tail = "", digest }: Answers<"mirror">): MirrorStatus => {
        if (missing !== undefined) throw new RelayGone(target);
        const said = digest === undefined ? {} : { digest: digest.trim() };
        return { bytes: Number(bytes), tail: Buffer.from(tail, "base64"), ...said };
    };
    return {
        async status() {
            return statusIn(await runStep(target, "mirror", { do: "status", length: COMPARED }));
        },
        async extend(offset, digest, bytes) {
            const values = { do: "extend", offset, digest, length: COMPARED };
            const answer = await runStep(target, "mirror", values, { content: bytes.toString("base64") });
            return answer.missing === undefined && answer.bytes === undefined ? undefined : statusIn(answer);
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

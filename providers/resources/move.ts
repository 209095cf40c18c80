import { HostError } from "../../core/errors.js";
import { tableName } from "../../core/names.js";
import { changeRelay } from "../hosts/facts.js";
import { describeHost, isOtherInstance, isSameMachine } from "../hosts/descriptors.js";
import { runStep, type Target } from "../hosts/host.js";

/**
 * A relay that moves empties the place it leaves. To another machine: new first, then old, so the last step of the
 * update does it. To other names on the same machine: old first, because one port and one address cannot be had
 * twice, so the first step does it; peers are interrupted until the last step is done.
 *
 * @returns a sentence for the log, or undefined when this step has nothing to leave
 */
export async function leave(
    former: Target | undefined,
    target: Target,
    moment: "first" | "last",
): Promise<string | undefined> {
    if (former === undefined) return undefined;
    const stays = isSameMachine(former.host, target.host);
    // A cloud machine that is left is deleted by its own resource, after this update: nothing in it needs to be emptied.
    if (!stays && former.host.kind === "ssh" && former.host.instance !== undefined) return undefined;
    if (stays !== (moment === "first")) return undefined;
    await changeRelay(former, "remove", { table: tableName(former.names) });
    return `Left ${describeHost(former.host)}, interface ${former.names.interface}: interface, table, proxy and files are gone there`;
}

/**
 * Where peers were last, as the machine says that the relay leaves: the new one calls them, and they need not notice by
 * their own timers. It is asked once and not waited for: without an answer nothing is lost but that.
 *
 * @returns "public key TAB address:port" lines, or undefined when nothing moves or the old machine does not answer
 */
export async function endpointsLeft(former: Target, target: Target): Promise<string | undefined> {
    if (isSameMachine(former.host, target.host) && !isOtherInstance(former.host, target.host)) return undefined;
    try {
        const values = { table: tableName(former.names) };
        const answer = await runStep(atItsOwnAddress(former), "status", values, {}, { timeout: ASKED_SECONDS });
        return Object.entries(answer)
            .filter(([name]) => name.startsWith("dump."))
            .flatMap(([, dump]) => dump.trim().split("\n").slice(1))
            .map((line) => line.split("\t"))
            .flatMap(([key = "", , endpoint = "(none)"]) => (endpoint === "(none)" ? [] : [`${key}\t${endpoint}\n`]))
            .join("");
    } catch (error) {
        if (error instanceof HostError) return undefined;
        throw error;
    }
}

const ASKED_SECONDS = 15;

function atItsOwnAddress(former: Target): Target {
    const { host } = former;
    if (host.kind !== "ssh" || host.instance?.address === undefined) return former;
    return { ...former, host: { ...host, address: host.instance.address } };
}

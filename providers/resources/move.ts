import { changeRelay } from "../hosts/facts.js";
import { describeHost, isSameMachine } from "../hosts/descriptors.js";
import { type Target } from "../hosts/host.js";
import { tableName } from "../../core/names.js";

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

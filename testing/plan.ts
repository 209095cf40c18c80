import type { Relay } from "../components/index.js";
import { InvalidArgument } from "../core/errors.js";
import { currentMocks } from "./mocks.js";
import { valueOf } from "./valueOf.js";

/**
 * What the preview of a first deployment says of a relay and of its managed peers: one sentence per effect, in the order in which they
 * are applied.
 *
 * @throws InvalidArgument under mocks that are not `mocks()`; and what the plugin would refuse
 */
export async function plan(relay: Relay): Promise<string[]> {
    const current = currentMocks();
    if (current === undefined) {
        throw new InvalidArgument(
            "plan",
            "needs mocks that answer as the plugin does",
            'call pulumi.runtime.setMocks(mocks()) first, with mocks from "pulumi-qp-tunnel/testing"',
        );
    }
    // The checkpoint is the relay's last resource.
    const [urn] = await Promise.all([valueOf(relay.urn), valueOf(relay.checkpoint)]);
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    const { said } = current;
    const peers = said.map((each) => each.relay).filter((other) => other.startsWith(`${name}/`));
    const relays = [name, ...[...new Set(peers)].sort()];
    const all = relays.flatMap((one) => said.filter((each) => each.relay === one));
    return [...new Set(all.flatMap(({ sentences }) => sentences))];
}
